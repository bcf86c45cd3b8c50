import { choice, path, toggle } from '../values.ts'
import { milliseconds, setting } from './setting.ts'

/** Who decides which models are loaded, beside registrations. */
export const repositorySettings = {
  modelControlMode: setting({
    property: 'model_control_mode',
    kind: choice('none', 'explicit', 'poll'),
    default: 'none',
    doc: "Who loads models of the store after the start, in Triton's words: nobody, its load and unload requests, or the store's directory as it changes.",
  }),
  repositoryPollMs: setting({
    property: 'repository_poll_ms',
    propertyInSeconds: 'repository_poll_secs',
    kind: milliseconds(0),
    default: 15_000,
    doc: 'Between two looks at the directories that models are followed in; 0: only at the start.',
  }),
  modelConfigFile: setting({
    property: 'model_config_file',
    kind: path,
    default: '',
    defaultText: 'none',
    doc: "TF Serving's list of models to serve: a `ModelServerConfig` in protobuf's text format.",
  }),
  modelConfigFilePollMs: setting({
    property: 'model_config_file_poll_ms',
    propertyInSeconds: 'model_config_file_poll_wait_seconds',
    kind: milliseconds(0),
    default: 0,
    doc: 'Between two looks at `model_config_file`; 0: only at the start.',
  }),
  allowVersionLabelsForUnavailableModels: setting({
    property: 'allow_version_labels_for_unavailable_models',
    kind: toggle,
    default: false,
    doc: 'Whether a new label of `model_config_file` may point to a version that is not ready; labels that move always wait for theirs.',
  }),
} as const

import { choice } from '../values.ts'
import { setting } from './setting.ts'

/** Who decides which models of the store are loaded, beside the start. */
export const repositorySettings = {
  modelControlMode: setting({
    property: 'model_control_mode',
    kind: choice('none', 'explicit', 'poll'),
    default: 'none',
    doc: "Who loads models of the store after the start, in Triton's words: nobody, its load and unload requests, or the store's directory as it changes.",
  }),
} as const

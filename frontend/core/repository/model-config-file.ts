import { readTextProto } from '../../../archiver-cli/format/text-proto/read-message.ts'
import {
  bool,
  double,
  enumeration,
  int64,
  mapOf,
  message,
  repeated,
  string,
  uint32,
  type ProtoValue,
} from '../../../archiver-cli/format/text-proto/schema.ts'
import type { ServedModel, VersionChoice } from '../control-plane.ts'
import { badModelList } from './errors.ts'

/*
 * TF Serving's `ModelServerConfig`.
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/config/model_server_config.proto
 */

const versionPolicy = message(
  {
    latest: message({ num_versions: uint32 }),
    all: message({}),
    specific: message({ versions: repeated(int64) }),
  },
  [['latest', 'all', 'specific']],
)

/** Known so that it is refused by its name, not as a typing mistake. */
const loggingConfig = message({
  log_collector_config: message({ type: string, filename_prefix: string }),
  sampling_config: message({
    sampling_rate: double,
    attributes: mapOf(string),
    per_task_sampling_configs: mapOf(double),
  }),
})

const modelConfig = message({
  name: string,
  base_path: string,
  model_type: enumeration('MODEL_TYPE_UNSPECIFIED', 'TENSORFLOW', 'OTHER'),
  model_platform: string,
  model_version_policy: versionPolicy,
  version_labels: mapOf(int64),
  logging_config: loggingConfig,
  storage_managed: bool,
})

const modelServerConfig = message(
  {
    model_config_list: message({ config: repeated(modelConfig) }),
    custom_model_config: message({ type_url: string, value: string }),
  },
  [['model_config_list', 'custom_model_config']],
)

type Entry = ProtoValue<typeof modelConfig>

/** What people have in their files, and what runs here. */
const PLATFORMS: readonly string[] = ['', 'tensorflow', 'onnx', 'onnxruntime', 'onnxruntime_onnx']

/**
 * Reads a file of `model_config_file`.
 *
 * @param what names the file in errors
 * @throws ServingError `invalid_argument` with the place, or the field that cannot be served here
 */
export function readModelConfigFile(text: string, what: string): ServedModel[] {
  const { model_config_list: list, custom_model_config: custom } = readTextProto(
    text,
    modelServerConfig,
    what,
  )
  if (custom !== undefined) {
    throw badModelList('has a custom_model_config, which is not served here; use model_config_list')
  }
  return (list?.config ?? []).map(servedModel)
}

function servedModel(entry: Entry): ServedModel {
  const { name = '', base_path: basePath = '', model_platform: platform = '', version_labels: labels } = entry
  if (name === '') throw badModelList("has a model without a 'name'")
  if (basePath === '') throw badModelList(`gives model '${name}' no 'base_path'`)
  if (!PLATFORMS.includes(platform)) {
    throw badModelList(`gives model '${name}' the platform '${platform}'; served here are ONNX models only`)
  }
  if (entry.logging_config !== undefined) {
    throw badModelList(`has a 'logging_config' for model '${name}': requests are not logged here; remove it`)
  }
  const choice = choiceOf(entry)
  if (labels === undefined) return { name, basePath, choice }
  const asText = Object.entries(labels).map(([label, version]) => [label, String(version)])
  return { name, basePath, choice, labels: Object.fromEntries(asText) as Record<string, string> } // texts by label
}

function choiceOf({ model_version_policy: policy = {} }: Entry): VersionChoice {
  if (policy.all !== undefined) return { kind: 'all' }
  if (policy.specific !== undefined) {
    return { kind: 'specific', versions: (policy.specific.versions ?? []).map(String) }
  }
  return { kind: 'latest', count: policy.latest?.num_versions ?? 1 }
}

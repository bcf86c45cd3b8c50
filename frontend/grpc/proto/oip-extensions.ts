import { choosing, field, mapEntry, message, nested, repeated, type Message } from './message.ts'

/*
 * The messages of Triton's extensions of the Open Inference Protocol, in the protocol's own package.
 */
const NAME_AND_VERSION = { name: field('string', 1), version: field('string', 2) }
const EMPTY = message({})

const STATISTICS: Readonly<Record<string, Message>> = {
  ModelStatisticsRequest: message(NAME_AND_VERSION),
  StatisticDuration: message({ count: field('uint64', 1), ns: field('uint64', 2) }),
  InferStatistics: message({
    success: nested('StatisticDuration', 1),
    fail: nested('StatisticDuration', 2),
    queue: nested('StatisticDuration', 3),
    compute_input: nested('StatisticDuration', 4),
    compute_infer: nested('StatisticDuration', 5),
    compute_output: nested('StatisticDuration', 6),
    cache_hit: nested('StatisticDuration', 7),
    cache_miss: nested('StatisticDuration', 8),
  }),
  InferResponseStatistics: message({
    compute_infer: nested('StatisticDuration', 1),
    compute_output: nested('StatisticDuration', 2),
    success: nested('StatisticDuration', 3),
    fail: nested('StatisticDuration', 4),
    empty_response: nested('StatisticDuration', 5),
    cancel: nested('StatisticDuration', 6),
  }),
  InferBatchStatistics: message({
    batch_size: field('uint64', 1),
    compute_input: nested('StatisticDuration', 2),
    compute_infer: nested('StatisticDuration', 3),
    compute_output: nested('StatisticDuration', 4),
  }),
  MemoryUsage: message({ type: field('string', 1), id: field('int64', 2), byte_size: field('uint64', 3) }),
  ModelStatistics: message(
    {
      ...NAME_AND_VERSION,
      last_inference: field('uint64', 3),
      inference_count: field('uint64', 4),
      execution_count: field('uint64', 5),
      inference_stats: nested('InferStatistics', 6),
      batch_stats: repeated('InferBatchStatistics', 7),
      memory_usage: repeated('MemoryUsage', 8),
      response_stats: repeated('ResponseStatsEntry', 9),
    },
    { ResponseStatsEntry: mapEntry('string', 'InferResponseStatistics') },
  ),
  ModelStatisticsResponse: message({ model_stats: repeated('ModelStatistics', 1) }),
}

/** KServe's answers of loading and unloading have fields; for Triton's clients, they are empty. */
function changeAnswer(outcome: string): Message {
  return message({ model_name: field('string', 1), [outcome]: field('bool', 2) })
}

const CHANGE = message(
  {
    repository_name: field('string', 1),
    model_name: field('string', 2),
    parameters: repeated('ParametersEntry', 3),
  },
  { ParametersEntry: mapEntry('string', 'ModelRepositoryParameter') },
)

const REPOSITORY: Readonly<Record<string, Message>> = {
  ModelRepositoryParameter: choosing(
    { parameter_choice: ['bool_param', 'int64_param', 'string_param', 'bytes_param'] },
    message({
      bool_param: field('bool', 1),
      int64_param: field('int64', 2),
      string_param: field('string', 3),
      bytes_param: field('bytes', 4),
    }),
  ),
  RepositoryIndexRequest: message({ repository_name: field('string', 1), ready: field('bool', 2) }),
  RepositoryIndexResponse: message(
    { models: repeated('ModelIndex', 1) },
    {
      ModelIndex: message({
        ...NAME_AND_VERSION,
        state: field('string', 3),
        reason: field('string', 4),
      }),
    },
  ),
  RepositoryModelLoadRequest: CHANGE,
  RepositoryModelLoadResponse: changeAnswer('isLoaded'),
  RepositoryModelUnloadRequest: CHANGE,
  RepositoryModelUnloadResponse: changeAnswer('isUnloaded'),
}

const REGION_NAME = message({ name: field('string', 1) })

function regions(region: Message): Message {
  return message(
    { regions: repeated('RegionsEntry', 1) },
    { RegionStatus: region, RegionsEntry: mapEntry('string', 'RegionStatus') },
  )
}

const SYSTEM_REGION = message({
  name: field('string', 1),
  key: field('string', 2),
  offset: field('uint64', 3),
  byte_size: field('uint64', 4),
})

const SHARED_MEMORY: Readonly<Record<string, Message>> = {
  SystemSharedMemoryStatusRequest: REGION_NAME,
  SystemSharedMemoryStatusResponse: regions(SYSTEM_REGION),
  SystemSharedMemoryRegisterRequest: SYSTEM_REGION,
  SystemSharedMemoryRegisterResponse: EMPTY,
  SystemSharedMemoryUnregisterRequest: REGION_NAME,
  SystemSharedMemoryUnregisterResponse: EMPTY,
  CudaSharedMemoryStatusRequest: REGION_NAME,
  CudaSharedMemoryStatusResponse: regions(
    message({ name: field('string', 1), device_id: field('uint64', 2), byte_size: field('uint64', 3) }),
  ),
  CudaSharedMemoryRegisterRequest: message({
    name: field('string', 1),
    raw_handle: field('bytes', 2),
    device_id: field('int64', 3),
    byte_size: field('uint64', 4),
  }),
  CudaSharedMemoryRegisterResponse: EMPTY,
  CudaSharedMemoryUnregisterRequest: REGION_NAME,
  CudaSharedMemoryUnregisterResponse: EMPTY,
}

function settings(value: Message, fields: Parameters<typeof message>[0] = {}): Message {
  return message(
    { settings: repeated('SettingsEntry', 1), ...fields },
    { SettingValue: value, SettingsEntry: mapEntry('string', 'SettingValue') },
  )
}

const TRACE_VALUE = message({ value: repeated('string', 1) })
const LOG_VALUE = choosing(
  { parameter_choice: ['bool_param', 'uint32_param', 'string_param'] },
  message({
    bool_param: field('bool', 1),
    uint32_param: field('uint32', 2),
    string_param: field('string', 3),
  }),
)

const SETTINGS: Readonly<Record<string, Message>> = {
  TraceSettingRequest: settings(TRACE_VALUE, { model_name: field('string', 2) }),
  TraceSettingResponse: settings(TRACE_VALUE),
  LogSettingsRequest: settings(LOG_VALUE),
  LogSettingsResponse: settings(LOG_VALUE),
}

export const OIP_EXTENSIONS = { ...STATISTICS, ...REPOSITORY, ...SHARED_MEMORY, ...SETTINGS }

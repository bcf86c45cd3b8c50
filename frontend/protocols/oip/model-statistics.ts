import type {
  BatchStatistics,
  ComputeTotals,
  DataPlane,
  DurationTotal,
  ModelSelector,
  VersionStatistics,
} from '../../core/data-plane.ts'

const NOTHING: DurationTotal = { count: 0, ns: 0 }

/**
 * What versions have done since they were loaded, in the words of the statistics extension: of one, of all of a
 * model, or of all.
 *
 * @throws ServingError `not_found`
 */
export function modelStatistics(dataPlane: DataPlane, model?: ModelSelector) {
  const versions = model === undefined ? dataPlane.statistics() : dataPlane.statistics(model)
  return { model_stats: versions.map(versionStatistics) }
}

function versionStatistics(version: VersionStatistics) {
  const { model, success, fail, queue } = version
  return {
    name: model.name,
    version: model.version,
    last_inference: Math.round(version.lastInferenceAtMs),
    inference_count: version.inferenceCount,
    execution_count: version.executionCount,
    inference_stats: {
      success: duration(success),
      fail: duration(fail),
      queue: duration(queue),
      ...computeStatistics(version),
      // There is no cache of answers.
      cache_hit: NOTHING,
      cache_miss: NOTHING,
    },
    response_stats: {},
    batch_stats: version.batchStats.map(batchStatistics),
    memory_usage: [],
    queue_depth: version.pendingRequests,
  }
}

function batchStatistics(batch: BatchStatistics) {
  return { batch_size: batch.batchRows, ...computeStatistics(batch) }
}

function computeStatistics({ computeInput, computeInfer, computeOutput }: ComputeTotals) {
  return {
    compute_input: duration(computeInput),
    compute_infer: duration(computeInfer),
    compute_output: duration(computeOutput),
  }
}

/** The protocol has integers. */
function duration({ count, ns }: DurationTotal): DurationTotal {
  return { count, ns: Math.round(ns) }
}

import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'

/*
 * TorchServe's order where it is not "the call, else the archive": its model configuration outranks the call for
 * workers and timeouts, even with timeouts that nobody wrote.
 */

/** What TorchServe takes from a model configuration that says nothing about them. */
const BUILT_IN_TIMEOUTS = { inferenceTimeoutMs: 120_000, startupTimeoutMs: 120_000 } as const

/** An archive's configuration as TorchServe reads it. @param hasConfigFile whether there is one at all */
export function withBuiltInTimeouts(config: ModelConfig, hasConfigFile: boolean): ModelConfig {
  return hasConfigFile ? { ...BUILT_IN_TIMEOUTS, ...config } : config
}

/** The settings of a registration without those that the archive, or the `models` property, outranks. */
export function withoutOutranked(
  call: ModelConfig,
  archive: ModelConfig,
  declared: ModelConfig = {},
): ModelConfig {
  const { minWorkers, maxWorkers, inferenceTimeoutMs, startupTimeoutMs, ...rest } = call
  const ofConfiguration = { ...declared, ...archive }
  return {
    ...rest,
    ...(archive.minWorkers === undefined ? { minWorkers, maxWorkers } : {}),
    ...(ofConfiguration.inferenceTimeoutMs === undefined ? { inferenceTimeoutMs } : {}),
    ...(ofConfiguration.startupTimeoutMs === undefined ? { startupTimeoutMs } : {}),
  }
}

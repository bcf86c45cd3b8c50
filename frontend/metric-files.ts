import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { messageOf, ServingError } from '../worker/contract/errors.ts'
import type { Config } from './config/schema.ts'
import type { EventBus } from './core/events.ts'
import { LogFile } from './observability/log-file.ts'
import type { Logger } from './observability/logger.ts'
import {
  parseMetricDefinitions,
  type MetricDefinitions,
} from './observability/torchserve/metric-definitions.ts'
import { MetricLog, type MetricLineSinks } from './observability/torchserve/metric-log.ts'
import { LEGACY_NAMES, TS_METRICS } from './observability/torchserve/ts-metrics.ts'
import type { TsDefinitions } from './observability/torchserve/ts-source.ts'

/** The log of metrics, and the end of its files. */
export type MetricFiles = { readonly log: MetricLog; readonly close: () => Promise<void> }

export type MetricFilesParts = {
  readonly events: EventBus
  readonly logger: Logger
  readonly definitions: TsDefinitions | undefined
}

/** @throws ServingError `invalid_argument` when the file cannot be read, or says what it may not */
export function readDefinitions(path: string): MetricDefinitions | undefined {
  if (path === '') return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ServingError(
      'invalid_argument',
      `metrics_config names ${path}, which cannot be read: ${messageOf(error)}`,
    )
  }
  return parseMetricDefinitions(text, path)
}

/** Lines for every observation; absent when the endpoint shows everything. */
export function metricLogOf(
  { metricsMode, metricsLocation }: Pick<Config, 'metricsMode' | 'metricsLocation'>,
  { events, logger, definitions = TS_METRICS }: MetricFilesParts,
): MetricFiles | undefined {
  if (metricsMode === 'prometheus') return undefined
  const { sinks, close } = metricsLocation === '' ? toLog(logger) : toFiles(metricsLocation, logger)
  const except = metricsMode === 'legacy' ? LEGACY_NAMES : []
  const log = new MetricLog({ events, hostname: hostname(), definitions, except, sinks, nowMs: Date.now })
  return { log, close }
}

type OpenSinks = { readonly sinks: MetricLineSinks; readonly close: () => Promise<void> }

function toLog(logger: Logger): OpenSinks {
  const sink = (channel: string) => (line: string) => {
    logger.log('info', line, { channel })
  }
  return {
    sinks: { server: sink('ts_metrics'), models: sink('model_metrics') },
    close: () => Promise.resolve(),
  }
}

function toFiles(directory: string, logger: Logger): OpenSinks {
  const open = (name: string) => {
    const path = join(directory, name)
    const file = openFile(path)
    file.onError((error) => {
      logger.log(
        'error',
        `the file of metrics ${path} cannot be written as it should, and may lack lines: ${error.message}`,
      )
    })
    return file
  }
  const server = open('ts_metrics.log')
  const models = open('model_metrics.log')
  return {
    sinks: {
      server: (line) => {
        server.write(line)
      },
      models: (line) => {
        models.write(line)
      },
    },
    close: async () => {
      await Promise.all([server.close(), models.close()])
    },
  }
}

function openFile(path: string): LogFile {
  try {
    return new LogFile({ path })
  } catch (error) {
    throw new ServingError(
      'invalid_argument',
      `metrics_location cannot hold ${path}: ${messageOf(error)}; name a directory that can be written`,
    )
  }
}

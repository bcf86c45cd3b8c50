import { readFileSync } from 'node:fs'
import { readBatchingParameters, type ReadBatching } from './batching-parameters.ts'
import { batchingOffWithFile, unreadableBatching } from './errors.ts'
import { SETTINGS, type Config, type SettingKey } from './schema.ts'

/**
 * What TF Serving's words for batching make of the settings that nobody gave in ours.
 *
 * @throws ServingError `invalid_argument` when they contradict each other, or the file is wrong
 */
export function batchingOf(
  { enableBatching, batchingParametersFile: path }: Config,
  given: ReadonlyMap<SettingKey, unknown>,
): ReadBatching {
  const read = enableBatching ? readFile(path) : readOff(path)
  const taken = Object.entries(read.settings).filter(([key]) => !given.has(key as SettingKey)) // keys of settings
  const passedOver = Object.keys(read.settings).filter((key) => given.has(key as SettingKey))
  const notes = passedOver.map((key) => {
    const { property } = SETTINGS[key as SettingKey]
    return `${property} is given, and counts instead of ${enableBatching ? path : 'enable_batching=false'}`
  })
  return { settings: Object.fromEntries(taken), notes: [...read.notes, ...notes] }
}

function readOff(path: string): ReadBatching {
  if (path !== '') throw batchingOffWithFile(path)
  return { settings: { defaultMaxBatchRows: 1 }, notes: [] }
}

function readFile(path: string): ReadBatching {
  return path === '' ? { settings: {}, notes: [] } : readBatchingParameters(textOf(path), path)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableBatching(path, error)
  }
}

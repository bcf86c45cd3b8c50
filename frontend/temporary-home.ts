import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from './config/schema.ts'

/** A configuration in which every directory is known, and what removes those that were made for it. */
export type Housed = { readonly config: Config; readonly remove: () => void }

/**
 * Gives a server of paths, which has no model store, the directories that it needs: below its state directory, or in
 * a new temporary one where it has none either. The working directory and the models may be read-only.
 */
export function withHome(config: Config): Housed {
  if (config.modelStore !== '') return { config, remove: () => undefined }
  const home = config.stateDir === '' ? mkdtempSync(join(tmpdir(), 'onnxserve-')) : undefined
  const stateDir = home === undefined ? config.stateDir : join(home, 'state')
  const housed = {
    ...config,
    modelStore: join(stateDir, 'model-store'),
    stateDir,
    logLocation: config.logLocation === '' ? stateDir : config.logLocation,
  }
  const remove = () => {
    if (home !== undefined) rmSync(home, { recursive: true, force: true })
  }
  return { config: housed, remove }
}

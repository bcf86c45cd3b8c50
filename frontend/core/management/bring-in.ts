import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import type { Candidate } from '../candidate.ts'
import { otherVersion } from '../errors.ts'
import type { ModelVersion } from '../model-version.ts'
import type { OfferedVersion } from '../repository/source.ts'
import type { Changes } from './changes.ts'
import { registerInTurn } from './register.ts'
import { replaceAndWait } from './replace.ts'

/**
 * Makes a version that a source offers the one that serves under its name: registers it, replaces another artefact of
 * the same version, or finds that nothing is to be done. Resolves when it is ready.
 */
export async function bringIn(
  changes: Changes,
  name: string,
  { version, load }: OfferedVersion,
): Promise<ModelVersion> {
  const { registry } = changes.options
  const model = { name, version }
  const stored = await load()
  const actual = stored.manifest.model.modelVersion
  if (actual !== version) throw otherVersion(stored.archive, version, actual)
  await changes.exclusively(model, async () => {
    changes.checkOpen()
    const former = registry.find(model)
    const kept = former === undefined ? {} : keptSettings(changes, former)
    const candidate: Candidate = { stored, name, overrides: stored.overrides ?? kept, loadedAtStartup: false }
    if (former === undefined) await registerInTurn(changes, candidate)
    else if (!isSame(former, candidate, kept)) await replaceAndWait(changes, candidate, former)
    else if (former.state === 'failed') await former.scale(former.settings)
  })
  return registry.resolve(model)
}

/** What was asked of the version that is there, by its registration and by scaling. */
function keptSettings({ options: { journal } }: Changes, version: ModelVersion): ModelConfig {
  return journal.has(version) ? journal.recordOf(version).settings : {}
}

function isSame({ artefact }: ModelVersion, { stored, overrides }: Candidate, kept: ModelConfig): boolean {
  return artefact.digest === stored.digest && textOf(overrides) === textOf(kept)
}

function textOf(settings: ModelConfig): string {
  return JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)))
}

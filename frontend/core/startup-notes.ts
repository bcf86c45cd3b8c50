import type { ModelId } from '../../worker/contract/model-id.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelStore } from './model-store.ts'
import type { RegistryState } from './snapshot.ts'

/** Something that a person should know of a start that went right. */
export type StartupNote =
  /** These were acknowledged by an earlier run, and are back. */
  | { readonly kind: 'restored'; readonly models: readonly ModelId[] }
  /** Declared by the configuration and saved by an earlier run; `wins` is whose archive is served. */
  | { readonly kind: 'both'; readonly model: ModelId; readonly wins: 'declared' | 'saved' | 'same' }
  /** Declared, and left out, because what an earlier run saved counts alone. */
  | { readonly kind: 'ignored'; readonly model: ModelId }
  /** The archive in the store is no longer the one that was registered and is served. */
  | { readonly kind: 'changed'; readonly model: ModelId; readonly archive: string }

export type Note = (note: StartupNote) => void

export type DeclaredArchive = { readonly model: ModelId; readonly digest: string }

/** Says of each declared version that was also saved which of the two is served. */
export function noteDeclared(
  declared: readonly DeclaredArchive[],
  { state, savedStateFirst }: { readonly state: RegistryState; readonly savedStateFirst: boolean },
  note: Note,
): void {
  const isSavedAlone = savedStateFirst && state.models.length > 0
  for (const { model, digest } of declared) {
    const saved = recordOf(state, model)
    if (saved !== undefined) {
      const wins = saved.digest === digest ? 'same' : isSavedAlone ? 'saved' : 'declared'
      note({ kind: 'both', model, wins })
    } else if (isSavedAlone) note({ kind: 'ignored', model })
  }
}

/** Says what is back, and which archives in the store are no longer what is served. */
export async function noteRestored(
  state: RegistryState,
  { registry, store }: { readonly registry: ModelRegistry; readonly store: ModelStore },
  note: Note,
): Promise<void> {
  const versions = registry.names().flatMap((name) => registry.versionsOf(name))
  const restored = versions.filter(({ model }) => recordOf(state, model) !== undefined)
  if (restored.length > 0) note({ kind: 'restored', models: restored.map(({ model }) => model) })
  for (const { model, artefact } of restored) {
    const { archive, digest } = artefact
    if (await store.hasChanged(archive, digest)) note({ kind: 'changed', model, archive })
  }
}

function recordOf(state: RegistryState, { name, version }: ModelId) {
  const model = state.models.find((each) => each.name === name)
  return model?.versions.find((record) => record.version === version)
}

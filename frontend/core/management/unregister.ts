import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { ModelSelector } from '../data-plane.ts'
import { deferred } from '../deferred.ts'
import { defaultVersionInUse } from '../errors.ts'
import type { ModelVersion } from '../model-version.ts'
import type { Changes } from './changes.ts'

/** Takes a version out of the snapshot, drains it, ends its workers. */
export async function unregister(changes: Changes, selector: ModelSelector): Promise<ModelId> {
  const { registry, journal } = changes.options
  const absent = registry.find(selector) === undefined ? await journal.forgetRetained(selector) : undefined
  if (absent !== undefined) return absent
  const { model } = unregistrable(changes, selector)
  const { gone } = await retire(changes, model, (version) => unregistrable(changes, version))
  await gone
  return model
}

/**
 * Begins to unregister a version; resolves when that is durable and the version takes no more requests.
 *
 * @param check says a last time that it may go
 */
export async function retire(
  changes: Changes,
  model: ModelId,
  check: (model: ModelId) => ModelVersion = (id) => changes.options.registry.resolve(id),
): Promise<{ readonly gone: Promise<void> }> {
  const { registry, journal, unregisterTimeoutMs } = changes.options
  await registry.resolve(model).abandonStart()
  const begun = deferred<void>()
  const gone = changes.exclusively(model, async () => {
    const version = await changes.settling(model.name, async () => {
      const found = check(model)
      await journal.erase(found)
      registry.labels.dropVersion(model)
      return found
    })
    begun.resolve()
    await version.unload(unregisterTimeoutMs)
    changes.remove(version)
  })
  await Promise.race([begun.promise, gone])
  return { gone }
}

/** @throws ServingError `not_found` | `failed_precondition` */
function unregistrable({ options: { registry } }: Changes, selector: ModelSelector): ModelVersion {
  const version = registry.resolve(selector)
  const isDefault = registry.defaultVersionOf(selector.name) === version.model.version
  const others = registry.versionsOf(selector.name).filter((each) => each !== version && !isLeaving(each))
  if (isDefault && others.length > 0) throw defaultVersionInUse(version.model)
  return version
}

function isLeaving({ state }: ModelVersion): boolean {
  return state === 'draining' || state === 'unloading' || state === 'unloaded'
}

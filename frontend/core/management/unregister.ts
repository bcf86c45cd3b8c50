import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { ModelSelector } from '../data-plane.ts'
import { defaultVersionInUse } from '../errors.ts'
import type { ModelVersion } from '../model-version.ts'
import type { Changes } from './changes.ts'

/** Takes a version out of the snapshot, drains it, ends its workers. */
export async function unregister(changes: Changes, selector: ModelSelector): Promise<ModelId> {
  const { registry, journal, unregisterTimeoutMs } = changes.options
  const absent = registry.find(selector) === undefined ? await journal.forgetRetained(selector) : undefined
  if (absent !== undefined) return absent
  const { model } = unregistrable(changes, selector)
  await registry.resolve(model).abandonStart()
  return changes.exclusively(model, async () => {
    const version = await changes.settling(model.name, async () => {
      const found = unregistrable(changes, model)
      await journal.erase(found)
      registry.labels.dropVersion(model)
      return found
    })
    await version.unload(unregisterTimeoutMs)
    changes.remove(version)
    return model
  })
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

import type { ModelId } from '../../../worker/contract/model-id.ts'
import { notServing } from '../errors.ts'
import type { Changes } from './changes.ts'

/** Makes a version what an unversioned request gets, durably. */
export async function setDefault(changes: Changes, model: ModelId): Promise<void> {
  const { registry, journal } = changes.options
  // A version that is still being registered may fail: its own registration is waited for, no other.
  if (!journal.has(registry.resolve(model))) await changes.turnOf(model)
  await changes.settling(model.name, async () => {
    if (!journal.has(registry.resolve(model))) throw notServing(model, 'draining', 'it is leaving', 1000)
    const before = registry.defaultVersionOf(model.name)
    registry.setDefault(model)
    try {
      await journal.recordDefault(model.name)
    } catch (error) {
      const former = { name: model.name, version: before }
      if (registry.has(former)) registry.setDefault(former)
      throw error
    }
  })
}

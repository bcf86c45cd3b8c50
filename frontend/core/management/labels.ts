import { isValidName, type ModelId } from '../../../worker/contract/model-id.ts'
import { badLabel, labelNeedsReady, labelNotFound } from '../errors.ts'
import type { Labels } from '../label-table.ts'
import type { Changes } from './changes.ts'

export type LabelRules = {
  /** Whether a label that is new may point to a version that is registered, and not ready. */
  readonly allowUnavailable?: boolean
}

/** Gives a model these labels and no others, durably. */
export async function setLabels(
  changes: Changes,
  name: string,
  labels: Labels,
  rules: LabelRules = {},
): Promise<void> {
  const { registry } = changes.options
  registry.resolve({ name })
  await awaitTargets(changes, name, labels)
  await settleLabels(changes, name, (before) => {
    for (const [label, version] of Object.entries(labels)) {
      const mayWait = rules.allowUnavailable === true && !Object.hasOwn(before, label)
      if (before[label] !== version) checkTarget(changes, { name, version }, label, mayWait)
    }
    return labels
  })
}

/** Points one label to a version, durably. */
export async function setLabel(changes: Changes, { name, version }: ModelId, label: string): Promise<void> {
  await awaitTargets(changes, name, { [label]: version })
  await settleLabels(changes, name, (before) => {
    checkTarget(changes, { name, version }, label)
    return { ...before, [label]: version }
  })
}

export async function removeLabel(changes: Changes, name: string, label: string): Promise<void> {
  changes.options.registry.resolve({ name })
  await settleLabels(changes, name, (before) => {
    if (!Object.hasOwn(before, label)) throw labelNotFound(name, label, before)
    return Object.fromEntries(Object.entries(before).filter(([each]) => each !== label))
  })
}

/** Versions that are loading, or being registered, are waited for. */
async function awaitTargets(changes: Changes, name: string, labels: Labels): Promise<void> {
  for (const [label, version] of Object.entries(labels)) {
    if (!isValidName(label)) throw badLabel(label)
    const { model, state } = changes.options.registry.resolve({ name, version })
    if (state !== 'ready') await changes.turnOf(model)
  }
}

function checkTarget(changes: Changes, model: ModelId, label: string, mayWait = false): void {
  const { registry, journal } = changes.options
  const version = registry.resolve(model)
  const isKept = journal.has(version)
  if (!isKept || (version.state !== 'ready' && !mayWait)) throw labelNeedsReady(model, label, version.state)
}

async function settleLabels(
  changes: Changes,
  name: string,
  change: (before: Labels) => Labels,
): Promise<void> {
  const { registry, journal } = changes.options
  await changes.settling(name, async () => {
    const before = registry.labels.of(name)
    registry.labels.set(name, change(before))
    try {
      await journal.write()
    } catch (error) {
      registry.labels.set(name, before)
      throw error
    }
  })
}

import type { ModelId } from '../../worker/contract/model-id.ts'

/** Label → version. */
export type Labels = Readonly<Record<string, string>>

/** The labels of all models. A label may name a version that is not there: one that could not be brought back. */
export class LabelTable {
  readonly #models = new Map<string, ReadonlyMap<string, string>>()
  readonly #onChange: (name: string) => void

  /** @param onChange told of a model whose labels are others now */
  constructor(onChange: (name: string) => void = () => undefined) {
    this.#onChange = onChange
  }

  of(name: string): Labels {
    return Object.fromEntries(this.#models.get(name) ?? [])
  }

  /** Labels that point to a version, in order. */
  ofVersion({ name, version }: ModelId): string[] {
    const labels = [...(this.#models.get(name) ?? [])]
    return labels.flatMap(([label, target]) => (target === version ? label : [])).sort()
  }

  versionOf(name: string, label: string): string | undefined {
    return this.#models.get(name)?.get(label)
  }

  /** Replaces all labels of a model. */
  set(name: string, labels: Labels): void {
    const entries = Object.entries(labels)
    if (entries.length === 0) this.#models.delete(name)
    else this.#models.set(name, new Map(entries))
    this.#onChange(name)
  }

  /** A label goes with its version. */
  dropVersion({ name, version }: ModelId): void {
    const kept = Object.entries(this.of(name)).filter(([, target]) => target !== version)
    this.set(name, Object.fromEntries(kept))
  }
}

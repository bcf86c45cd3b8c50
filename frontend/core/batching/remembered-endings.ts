import type { SequenceEnding } from './sequence-errors.ts'

/** Ids of sequences that ended without their client's doing, kept so that none starts anew unnoticed. */
const MAX_REMEMBERED = 10_000

/** How the latest sequences ended, as far as their clients do not know it. */
export class RememberedEndings {
  readonly #endings = new Map<string, SequenceEnding>()

  get(id: string): SequenceEnding | undefined {
    return this.#endings.get(id)
  }

  delete(id: string): void {
    this.#endings.delete(id)
  }

  note(id: string, ending: SequenceEnding): void {
    if (ending === 'client' || ending === 'handler') return
    this.#endings.set(id, ending)
    const [oldest] = this.#endings.keys()
    if (this.#endings.size > MAX_REMEMBERED && oldest !== undefined) this.#endings.delete(oldest)
  }
}

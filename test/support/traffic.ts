/** Requests one after the other, as long as they are wanted. */
export class Traffic {
  readonly #answers = new Set<string>()
  readonly #ended: Promise<void>
  #isWanted = true

  /** @param ask one request; resolves with what is to be told of its answer */
  constructor(ask: () => Promise<string>) {
    this.#ended = this.#run(ask)
  }

  /** @returns the different answers that came, in the order of their first */
  async end(): Promise<readonly string[]> {
    this.#isWanted = false
    await this.#ended
    return [...this.#answers]
  }

  async #run(ask: () => Promise<string>): Promise<void> {
    do this.#answers.add(await ask())
    while (this.#isWanted)
  }
}

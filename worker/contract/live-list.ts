/** The place of a member in its list. */
export type LivePlace<T> = { readonly member: T; index: number }

/**
 * What is under way, in any order; for members that come and go all the time.
 *
 * Not a `Set`: V8 links each outgrown table of a `Set` or `Map` to the next one. As soon as one is in old space,
 * everything that was in a later table stays until the next full collection; for requests that was the whole of
 * them, ten times the garbage collector's time and 80 MB of heap (Node.js 20.20).
 */
export class LiveList<T> implements Iterable<T> {
  readonly #places: LivePlace<T>[] = []

  get size(): number {
    return this.#places.length
  }

  add(member: T): LivePlace<T> {
    const place = { member, index: this.#places.length }
    this.#places.push(place)
    return place
  }

  /** @returns false when it was removed before */
  remove(place: LivePlace<T>): boolean {
    if (this.#places[place.index] !== place) return false
    const last = this.#places.pop()
    if (last !== undefined && last !== place) {
      last.index = place.index
      this.#places[last.index] = last
    }
    return true
  }

  find(test: (member: T) => boolean): LivePlace<T> | undefined {
    return this.#places.find(({ member }) => test(member))
  }

  /** The members at this moment: what is removed meanwhile is still told. */
  *[Symbol.iterator](): Iterator<T> {
    for (const { member } of [...this.#places]) yield member
  }

  clear(): void {
    this.#places.length = 0
  }
}

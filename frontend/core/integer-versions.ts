/**
 * The integers by which clients that know only integer versions name the versions of one model.
 *
 * A version whose name is an integer is its own. Another one gets the integer that its name begins with, if that is
 * free, else one more than the largest; it keeps that until a version comes whose name it is.
 */
export class IntegerVersions {
  readonly #integers = new Map<string, bigint>()

  /** @param earlier what it had in an earlier run */
  add(version: string, earlier?: string): void {
    const own = integerOf(version)
    if (own === undefined) {
      const before = earlier === undefined ? undefined : integerOf(earlier)
      this.#integers.set(version, this.#free(before ?? leadingInteger(version)))
      return
    }
    const holder = this.#holderOf(own)
    // `7` and `007`: the one that came first stays.
    if (holder !== undefined && integerOf(holder) !== undefined) {
      this.#integers.set(version, this.#free(undefined))
      return
    }
    this.#integers.set(version, own)
    if (holder !== undefined) this.#integers.set(holder, this.#free(undefined))
  }

  remove(version: string): void {
    this.#integers.delete(version)
  }

  /** In decimal digits, since it may be beyond what a number holds. */
  of(version: string): string | undefined {
    return this.#integers.get(version)?.toString()
  }

  /** @param integer in decimal digits */
  versionOf(integer: string): string | undefined {
    const value = integerOf(integer)
    return value === undefined ? undefined : this.#holderOf(value)
  }

  #holderOf(integer: bigint): string | undefined {
    for (const [version, each] of this.#integers) if (each === integer) return version
    return undefined
  }

  #free(wanted: bigint | undefined): bigint {
    if (wanted !== undefined && this.#holderOf(wanted) === undefined) return wanted
    let largest = 0n
    for (const each of this.#integers.values()) if (each > largest) largest = each
    if (largest < MAX_INTEGER) return largest + 1n
    let free = 1n
    while (this.#holderOf(free) !== undefined) free += 1n
    return free
  }
}

const MAX_INTEGER = 2n ** 63n - 1n
const MAX_DIGITS = 40

/** The value of a name that is an integer as TF Serving's clients send it, leading zeros allowed. */
export function integerOf(text: string): bigint | undefined {
  if (!/^\d+$/.test(text) || text.length > MAX_DIGITS) return undefined
  const value = BigInt(text)
  return value <= MAX_INTEGER ? value : undefined
}

function leadingInteger(version: string): bigint | undefined {
  return integerOf(/^[vV]?(\d+)/.exec(version)?.[1] ?? '')
}

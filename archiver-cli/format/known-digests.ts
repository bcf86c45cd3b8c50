import type { BigIntStats } from 'node:fs'

/** A clock that ticks this coarsely may give two writes of a file the same time. */
const SETTLED_AFTER_MS = 2000
const MAX_DIGESTS = 1000

/**
 * The digests of files that were read before and have not been written to since: a model of gigabytes that is
 * registered again need not be read for it.
 *
 * A file is the same by its place on the disk, its size, and when its content and its attributes were last changed,
 * which nobody can set back.
 */
export class KnownDigests {
  /** By file, the one that was asked for last at the end. */
  readonly #digests = new Map<string, string>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** @param stat from before it is read; whether it was written to meanwhile is the caller's to find out */
  async of(stat: BigIntStats, read: () => Promise<string>): Promise<string> {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = stat
    const file = [dev, ino, size, mtimeNs, ctimeNs].join(' ')
    const isSettled = this.#nowMs() - Number(ctimeMs) > SETTLED_AFTER_MS
    const digest = this.#digests.get(file) ?? (await read())
    this.#digests.delete(file)
    if (isSettled) this.#digests.set(file, digest)
    const [oldest = ''] = this.#digests.keys()
    if (this.#digests.size > MAX_DIGESTS) this.#digests.delete(oldest)
    return digest
  }
}

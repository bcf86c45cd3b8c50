import { statSync } from 'node:fs'

/** How often files are looked at. Polled: mounted secrets change by a switch of links that watchers miss. */
const CHECK_MS = 2000

/**
 * Tells when any of some files has changed. What it calls must not throw.
 *
 * A certificate and its key change one after the other: each change tells again, so the last one finds a pair.
 */
export class WatchedFiles {
  readonly #paths: readonly string[]
  readonly #onChange: () => void
  readonly #timer: NodeJS.Timeout
  #seen: string

  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = paths
    this.#onChange = onChange
    this.#seen = this.#look()
    this.#timer = setInterval(() => this.check(), CHECK_MS)
    this.#timer.unref()
  }

  /** Looks now. The timer calls it; so does a test. */
  check(): void {
    const now = this.#look()
    if (now === this.#seen) return
    this.#seen = now
    this.#onChange()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): string {
    return this.#paths.map(fingerprint).join(' ')
  }
}

function fingerprint(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    return `${ino}:${size}:${mtimeNs}`
  } catch {
    return 'unreadable' // whoever reads it says why
  }
}

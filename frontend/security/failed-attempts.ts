import { isIPv6 } from 'node:net'

type Failures = { count: number; lastMs: number; blockedUntilMs: number }

/** A person who mistypes, or a job with an old token, stays below this. */
const FREE_ATTEMPTS = 10
const FIRST_BLOCK_MS = 1000
const LONGEST_BLOCK_MS = 60_000
const FORGOTTEN_AFTER_MS = 15 * 60_000
/** Memory: of those that failed, and of those that succeeded; the one that did so first is forgotten first. */
const MAX_ADDRESSES = 10_000

/**
 * Counts wrong tokens for each remote address. After ten, the address has to wait: 1 s, then twice as long after
 * each further one, up to a minute.
 *
 * Many clients can share an address behind a proxy. A token that worked from there before keeps working, so that
 * one guesser does not lock out its neighbours.
 */
export class FailedAttempts {
  readonly #byAddress = new Map<string, Failures>()
  /** The tokens that worked from an address, by their names. */
  readonly #trusted = new Map<string, Set<string>>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get addresses(): number {
    return this.#byAddress.size
  }

  /** How long the address still has to wait; 0 when it need not, or when this token worked from there before. */
  waitMs(address: string | undefined, tokenName?: string): number {
    if (this.#byAddress.size === 0) return 0
    const key = keyOf(address)
    const failures = this.#byAddress.get(key)
    if (failures === undefined) return 0
    if (tokenName !== undefined && this.#trusted.get(key)?.has(tokenName) === true) return 0
    return Math.max(0, failures.blockedUntilMs - this.#nowMs())
  }

  failed(address: string | undefined): void {
    const key = keyOf(address)
    const nowMs = this.#nowMs()
    const known = this.#byAddress.get(key)
    const isFresh = known !== undefined && nowMs - known.lastMs < FORGOTTEN_AFTER_MS
    const failures = isFresh ? known : { count: 0, lastMs: 0, blockedUntilMs: 0 }
    failures.count++
    failures.lastMs = nowMs
    if (failures.count > FREE_ATTEMPTS) failures.blockedUntilMs = nowMs + blockMs(failures.count)
    this.#byAddress.delete(key)
    this.#byAddress.set(key, failures)
    forgetOldest(this.#byAddress)
  }

  succeeded(address: string | undefined, tokenName: string): void {
    const key = keyOf(address)
    const names = this.#trusted.get(key)
    if (names === undefined) this.#trusted.set(key, new Set([tokenName]))
    else names.add(tokenName)
    forgetOldest(this.#trusted)
  }
}

function forgetOldest(byAddress: Map<string, unknown>): void {
  if (byAddress.size <= MAX_ADDRESSES) return
  const [oldest] = byAddress.keys()
  if (oldest !== undefined) byAddress.delete(oldest)
}

function blockMs(count: number): number {
  return Math.min(LONGEST_BLOCK_MS, FIRST_BLOCK_MS * 2 ** (count - FREE_ATTEMPTS - 1))
}

/** An IPv6 caller has a whole /64 to choose addresses from: it counts as one. */
function keyOf(address: string | undefined): string {
  if (address === undefined) return 'local'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  return isIPv6(address) ? networkOf(address) : address
}

function networkOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length
  const whole = [...groups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups]
  return whole.slice(0, 4).join(':')
}

import { randomBytes } from 'node:crypto'
import type { Scope } from './authorizer.ts'
import { removeKeyFile, writeKeyFile, type KeyRecord, type KeyRecords } from './key-file.ts'
import { digestOf, type KnownToken } from './token.ts'

const KEY_BYTES = 32
const MS_PER_MINUTE = 60_000

/** The keys that can be rotated; the API key, which rotates them, lives as long as the server. */
export type RotatableKey = 'inference' | 'management'

const SCOPES_OF_KEY: Readonly<Record<RotatableKey, readonly Scope[]>> = {
  inference: ['inference'],
  management: ['management', 'metrics'],
}

type IssuedKey = { readonly token: KnownToken; readonly record: KeyRecord }

export type GeneratedKeysOptions = {
  readonly keyFile: string
  readonly expirationMinutes: number
  /** How long a replaced key is still accepted, so that no request fails while clients change over. */
  readonly overlapMs: number
  readonly nowMs: () => number
}

/**
 * Keys that the server makes for itself, as TorchServe does: `inference` and `management`, which expire, and the
 * API key, which renews them. The server keeps their digests and the text of the key file.
 */
export class GeneratedKeys {
  readonly #options: GeneratedKeysOptions
  #current: Readonly<Record<RotatableKey | 'API', IssuedKey>>
  /** Replaced keys by their name; each is accepted until its overlap is over. */
  readonly #replaced = new Map<RotatableKey, KnownToken>()

  /** Nothing is written yet: a server that cannot start must not overwrite the file of one that runs. */
  constructor(options: GeneratedKeysOptions) {
    this.#options = options
    this.#current = {
      management: this.#issue('management', SCOPES_OF_KEY.management),
      inference: this.#issue('inference', SCOPES_OF_KEY.inference),
      API: this.#issue('API', ['admin', 'metrics'], Number.POSITIVE_INFINITY),
    }
  }

  /** Writes the key file. @throws ServingError `invalid_argument` when that is not possible */
  publish(): void {
    writeKeyFile(this.#options.keyFile, recordsOf(this.#current))
  }

  tokens(): readonly KnownToken[] {
    const { management, inference, API } = this.#current
    return [management.token, inference.token, API.token, ...this.#replaced.values()]
  }

  /**
   * Makes a new key; it counts when the key file has it.
   *
   * @throws ServingError `invalid_argument` when the file cannot be written; the old key then stays
   */
  rotate(key: RotatableKey): KeyRecord {
    const issued = this.#issue(key, SCOPES_OF_KEY[key])
    const next = { ...this.#current, [key]: issued }
    writeKeyFile(this.#options.keyFile, recordsOf(next))
    const { token } = this.#current[key]
    const overlapEndsMs = this.#options.nowMs() + this.#options.overlapMs
    const expiresAtMs = Math.min(token.expiresAtMs ?? overlapEndsMs, overlapEndsMs)
    this.#replaced.set(key, { ...token, name: `replaced ${key} key`, expiresAtMs })
    this.#current = next
    return issued.record
  }

  /** Removes the key file, if it is still the one that was written here. */
  close(): void {
    removeKeyFile(this.#options.keyFile, recordsOf(this.#current))
  }

  #issue(name: string, scopes: readonly Scope[], expiresAtMs = this.#expiry()): IssuedKey {
    const key = randomBytes(KEY_BYTES).toString('base64url')
    const token = { name: `${name} key`, digest: digestOf(key), scopes: new Set(scopes) }
    if (!Number.isFinite(expiresAtMs)) return { token, record: { key } }
    return {
      token: { ...token, expiresAtMs },
      record: { key, 'expiration time': new Date(expiresAtMs).toISOString() },
    }
  }

  #expiry(): number {
    return this.#options.nowMs() + this.#options.expirationMinutes * MS_PER_MINUTE
  }
}

function recordsOf(keys: Readonly<Record<RotatableKey | 'API', IssuedKey>>): KeyRecords {
  const { management, inference, API } = keys
  return { management: management.record, inference: inference.record, API: API.record }
}

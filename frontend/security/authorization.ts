import { readFileSync } from 'node:fs'
import { messageOf } from '../../worker/contract/errors.ts'
import { openAuthorizer, type Authorizer, type Scope } from './authorizer.ts'
import { keysAreSupplied, securityConfigError, tokensAreOff } from './errors.ts'
import { GeneratedKeys, type RotatableKey } from './generated-keys.ts'
import type { KeyRecord } from './key-file.ts'
import { tokensFromFile } from './supplied-tokens.ts'
import { TokenAuthorizer } from './token-authorizer.ts'
import type { KnownToken } from './token.ts'
import { WatchedFiles } from './watched-files.ts'

export type AuthorizationOptions = {
  /** `auto`: on when tokens are supplied. */
  readonly mode: 'auto' | 'on' | 'off'
  /** Tokens that another process of this server knows. Absent: those of file and environment, or keys made here. */
  readonly tokens?: () => readonly KnownToken[]
  /** Empty: none. */
  readonly tokenFile: string
  readonly environmentTokens: readonly KnownToken[]
  readonly keyFile: string
  readonly expirationMinutes: number
  readonly overlapMs: number
  /** What the listeners of this server ask for. */
  readonly scopes: readonly Scope[]
  /** Wall clock, in milliseconds since 1970. */
  readonly nowMs: () => number
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
}

/** Whether tokens are asked for, which ones are known, and how they change while the server runs. */
export class Authorization {
  readonly authorizer: Authorizer
  readonly isOn: boolean
  /** Told of the tokens when they are others. */
  onChange: ((tokens: readonly KnownToken[]) => void) | undefined
  readonly #options: AuthorizationOptions
  readonly #generated: GeneratedKeys | undefined
  readonly #watched: WatchedFiles | undefined
  #fileTokens: readonly KnownToken[] = []

  /** @throws ServingError `invalid_argument` for a token file that cannot be used */
  constructor(options: AuthorizationOptions) {
    const { mode, tokenFile, environmentTokens, nowMs } = options
    const isSupplied = tokenFile !== '' || environmentTokens.length > 0
    this.#options = options
    this.isOn = mode === 'on' || (mode === 'auto' && isSupplied)
    if (!this.isOn) {
      this.authorizer = openAuthorizer
      return
    }
    if (options.tokens !== undefined) {
      this.authorizer = new TokenAuthorizer({ tokens: options.tokens, nowMs })
      return
    }
    if (tokenFile !== '') {
      this.#watched = new WatchedFiles([tokenFile], () => this.#reload())
      this.#fileTokens = readTokens(tokenFile)
    }
    if (!isSupplied) this.#generated = new GeneratedKeys(options)
    this.authorizer = new TokenAuthorizer({ tokens: () => this.tokens, nowMs })
  }

  /** Once the server listens: hands generated keys over, or warns of what no token is for. @throws ServingError `invalid_argument` */
  publishKeys(): void {
    if (this.#generated === undefined) {
      this.#warnOfUselessScopes()
      return
    }
    this.#generated.publish()
    this.#options.log('info', `tokens are asked for; the keys are in ${this.#options.keyFile}`)
  }

  /** One token makes every listener ask for tokens, also those for which there is none. */
  #warnOfUselessScopes(): void {
    if (!this.isOn) return
    const { scopes, log } = this.#options
    for (const scope of scopes) {
      if (this.tokens.some((token) => token.scopes.has(scope))) continue
      log('warn', `no token has the scope '${scope}', so nobody can use what needs it; supply such a token`)
    }
  }

  /**
   * Replaces a generated key.
   *
   * @throws ServingError `failed_precondition` where no keys are generated
   */
  rotate(key: RotatableKey): KeyRecord {
    if (!this.isOn) throw tokensAreOff()
    if (this.#generated === undefined) throw keysAreSupplied()
    this.#options.log('info', `the ${key} key was renewed`)
    const record = this.#generated.rotate(key)
    this.onChange?.(this.tokens)
    return record
  }

  /** Looks for a changed token file now. A timer does so every few seconds. */
  checkFiles(): void {
    this.#watched?.check()
  }

  close(): void {
    this.#watched?.close()
    this.#generated?.close()
  }

  /** Those that are known now. */
  get tokens(): readonly KnownToken[] {
    return this.#generated?.tokens() ?? [...this.#options.environmentTokens, ...this.#fileTokens]
  }

  /** A broken file keeps the tokens that are in force: neither everybody nor nobody may come in. */
  #reload(): void {
    const { tokenFile, log } = this.#options
    try {
      this.#fileTokens = readTokens(tokenFile)
      log('info', `the token file '${tokenFile}' was read again: ${this.#fileTokens.length} tokens`)
      this.#warnOfUselessScopes()
      this.onChange?.(this.tokens)
    } catch (error) {
      log('error', `${messageOf(error)}; the tokens read before stay in force`)
    }
  }
}

function readTokens(path: string): KnownToken[] {
  return tokensFromFile(textOf(path), path)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw securityConfigError(`the token file '${path}' cannot be read; check token_file`, error)
  }
}

/** What a token may be used for. `admin` rotates keys; TorchServe calls such a token the API key. */
export const SCOPES = ['inference', 'management', 'metrics', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who asks, as its transport knows it. */
export type Caller = {
  /** The value of the `Authorization` header, or of the metadata of that name. */
  readonly authorization: string | undefined
  /** The address of the peer, without its port; undefined on a unix socket. Failed attempts are counted by it. */
  readonly remoteAddress: string | undefined
}

/** What an accepted caller may reach. */
export type Grant = {
  /** Absent: every model. */
  readonly models?: ReadonlySet<string>
}

/** Decides whether a caller may do something. Transports apply it where they mount routes and services. */
export interface Authorizer {
  /**
   * @param model where the request names one; a token may be for certain models only. A transport that learns the
   * model later asks again with it, unless the grant is for all.
   * @throws ServingError `unauthenticated` | `permission_denied` | `resource_exhausted` (too many failed attempts)
   */
  check(caller: Caller, scope: Scope, model?: string): Grant
}

const EVERYTHING: Grant = {}

/** Lets everybody do everything: for listeners that only this machine reaches. */
export const openAuthorizer: Authorizer = { check: () => EVERYTHING }

import type { AccessRecord, AppOptions, Mount } from '../../frontend/http/app.ts'
import type { Answer } from '../../frontend/http/answer.ts'
import { HttpListener, type HttpPolicy } from '../../frontend/http/listener.ts'
import type { ServingError } from '../../worker/contract/errors.ts'

export const TEST_POLICY: HttpPolicy = {
  headersTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  keepAliveTimeoutMs: 5000,
  maxConnections: 1000,
}

/** An error as a plain test dialect words it: the reason in the status line's place, readable in assertions. */
export function renderPlainError(error: ServingError): Answer {
  const statusByReason: Readonly<Record<string, number>> = {
    body_too_large: 413,
    request_timeout: 408,
    headers_too_large: 431,
    route: 404,
  }
  const status = statusByReason[error.reason ?? ''] ?? (error.code === 'internal' ? 500 : 400)
  return {
    status,
    headers: { 'content-type': 'text/plain' },
    body: `${error.reason ?? error.code}: ${error.message}`,
  }
}

/** Listeners on port 0, and what they reported. `closeAll` belongs in `afterEach`. */
export class HttpFixture {
  readonly failures: { readonly error: ServingError; readonly requestId: string }[] = []
  readonly accesses: AccessRecord[] = []
  readonly #listeners: HttpListener[] = []

  async open(
    mount: Mount,
    policy: Partial<HttpPolicy> = {},
    options: Partial<AppOptions> = {},
  ): Promise<HttpListener> {
    const listener = new HttpListener(
      {
        mounts: [mount],
        renderError: renderPlainError,
        report: (error, requestId) => this.failures.push({ error, requestId }),
        onAccess: (record) => this.accesses.push(record),
        ...options,
      },
      { ...TEST_POLICY, ...policy },
    )
    this.#listeners.push(listener)
    await listener.listen({ host: '127.0.0.1', port: 0 }, 'test_address')
    return listener
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(0)))
  }
}

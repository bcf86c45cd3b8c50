import { callServer, type Call, type CallOptions, type Reply, type Surroundings } from './call.ts'
import { badAnswer, OnnxServeError } from './errors.ts'
import { Model } from './model.ts'
import type { ModelSchema } from './schema.ts'

export type ClientOptions = CallOptions & {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string
  /** In place of the global one. */
  readonly fetch?: Surroundings['fetch']
}

export type ServerMetadata = {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

const HEALTHY = 200
const NOT_READY = 503

/**
 * A model server, over the Open Inference Protocol. Runs in browsers and in Node.js, without other packages.
 *
 *   const client = new OnnxServeClient('http://127.0.0.1:8080')
 *   const { outputs } = await client.model(digits).infer({ image: pixels })
 *
 * Options of the client hold for all its calls; those of a call win.
 */
export class OnnxServeClient {
  readonly #url: string
  readonly #options: ClientOptions
  readonly #surroundings: Surroundings

  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#url = String(url).replace(/\/+$/, '')
    if (!/^https?:\/\/./.test(this.#url)) {
      throw new OnnxServeError('input', `the URL is '${this.#url}'; expected http:// or https:// and a host`)
    }
    this.#options = options
    this.#surroundings = {
      // Not the bare function: a browser's insists on being called on its window.
      fetch: options.fetch ?? ((target, init) => globalThis.fetch(target, init)),
      nowMs: () => performance.now(),
      random: Math.random,
      sleep,
    }
  }

  /**
   * A model of the server.
   *
   * @param schema as `onnxserve client-types` writes it: names, dtypes and shapes are checked by the compiler. With a
   * name alone, the server is asked for them once, and they are checked when a request is made.
   */
  model<S extends ModelSchema>(schema: S): Model<S>
  model(name: string, version?: string): Model
  model(given: ModelSchema | string, version?: string): Model {
    const call = (path: string, request: Omit<Call, 'url'>) => this.#call(path, request)
    if (typeof given !== 'string') return new Model(given, call)
    return new Model(version === undefined ? { name: given } : { name: given, version }, call)
  }

  /** Whether the server's process answers. */
  async isLive(options?: CallOptions): Promise<boolean> {
    return (await this.#get('/v2/health/live', options)).status === HEALTHY
  }

  /** Whether every model of the server can answer. */
  async isReady(options?: CallOptions): Promise<boolean> {
    return (await this.#get('/v2/health/ready', options)).status === HEALTHY
  }

  async metadata(options?: CallOptions): Promise<ServerMetadata> {
    return jsonOf(await this.#call('/v2', { method: 'GET', ...options })) as ServerMetadata // by the protocol
  }

  /** Names of its models. */
  async models(options?: CallOptions): Promise<readonly string[]> {
    const { models } = jsonOf(await this.#call('/v2/models', { method: 'GET', ...options })) as {
      readonly models?: unknown
    }
    if (!Array.isArray(models)) throw badAnswer("has no list 'models'")
    return models as readonly string[] // by the protocol
  }

  /** Health: what is not ready is an answer, and asked for once. */
  #get(path: string, options: CallOptions = {}): Promise<Reply> {
    return this.#call(path, { method: 'GET', accepts: [NOT_READY], ...options })
  }

  #call(path: string, request: Omit<Call, 'url'>): Promise<Reply> {
    const { token, headers, signal, timeoutMs, retries } = this.#options
    return callServer(this.#surroundings, {
      ...request,
      url: `${this.#url}${path}`,
      signal: request.signal ?? signal,
      timeoutMs: request.timeoutMs ?? timeoutMs,
      retries: request.retries ?? retries,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
        ...request.headers,
      },
    })
  }
}

export function jsonOf({ body }: Reply): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    throw badAnswer('is not JSON')
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason as Error) // the deadline's own error
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

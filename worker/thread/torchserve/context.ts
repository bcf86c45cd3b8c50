import type {
  Feeds,
  HandlerContext,
  HandlerRequest,
  HandlerStream,
  Outputs,
  SystemProperties,
  TorchServeContext,
} from '../../handler.ts'

/** What does not change from batch to batch. */
export type TorchServeSurroundings = {
  readonly context: HandlerContext
  readonly manifest: Readonly<Record<string, unknown>>
  readonly modelYamlConfig: Readonly<Record<string, unknown>>
  readonly systemProperties: SystemProperties
}

const SEQUENCE_HEADER = 'ts_request_sequence_id'
const DEFAULT_STATUS = 200

/** TorchServe's context of one batch; of none while a handler is initialized. */
export class BatchContext implements TorchServeContext {
  readonly manifest: Readonly<Record<string, unknown>>
  readonly modelYamlConfig: Readonly<Record<string, unknown>>
  readonly systemProperties: SystemProperties
  readonly #context: HandlerContext
  readonly #requests: readonly HandlerRequest[]
  readonly #phrases = new Map<number, string>()

  constructor(surroundings: TorchServeSurroundings, requests: readonly HandlerRequest[]) {
    this.#context = surroundings.context
    this.manifest = surroundings.manifest
    this.modelYamlConfig = surroundings.modelYamlConfig
    this.systemProperties = surroundings.systemProperties
    this.#requests = requests
  }

  get modelName() {
    return this.#context.modelName
  }

  get modelVersion() {
    return this.#context.modelVersion
  }

  get inputs() {
    return this.#context.inputs
  }

  get outputs() {
    return this.#context.outputs
  }

  get logger() {
    return this.#context.logger
  }

  get metrics() {
    return this.#context.metrics
  }

  run(feeds: Feeds): Promise<Outputs> {
    return this.#context.run(feeds)
  }

  get requestIds(): Readonly<Record<number, string>> {
    return Object.fromEntries(this.#requests.map(({ id }, idx) => [idx, id]))
  }

  getRequestId(idx = 0): string {
    return this.#request(idx).id
  }

  getRequestHeader(idx: number, key: string): string | undefined {
    return this.getAllRequestHeader(idx)[key.toLowerCase()]
  }

  getAllRequestHeader(idx: number): Readonly<Record<string, string>> {
    const { headers, operation } = this.#request(idx)
    return {
      url_path: '',
      ...headers,
      explain: operation === 'explain' ? 'True' : 'False',
      describe: operation === 'describe' ? 'True' : 'False',
    }
  }

  getSequenceId(idx: number): string {
    return this.#request(idx).headers[SEQUENCE_HEADER] ?? ''
  }

  remainingMs(idx: number): number {
    return this.#request(idx).remainingMs
  }

  signal(idx: number): AbortSignal {
    return this.#request(idx).signal
  }

  setResponseContentType(idx: number, value: string): void {
    this.#request(idx).response.contentType = value
  }

  getResponseContentType(idx: number): string | undefined {
    return this.#request(idx).response.contentType
  }

  setResponseHeader(idx: number, key: string, value: string): void {
    this.#request(idx).response.headers[key] = value
  }

  getResponseHeaders(idx: number): Readonly<Record<string, string>> {
    return this.#request(idx).response.headers
  }

  setResponseStatus(code: number, phrase = '', idx = 0): void {
    this.#request(idx).response.status = code
    this.#phrases.set(idx, phrase)
  }

  setAllResponseStatus(code: number, phrase = ''): void {
    for (const idx of this.#requests.keys()) this.setResponseStatus(code, phrase, idx)
  }

  getResponseStatus(idx: number): readonly [number, string] {
    return [this.#request(idx).response.status ?? DEFAULT_STATUS, this.#phrases.get(idx) ?? '']
  }

  stream(idx = 0): HandlerStream {
    return this.#request(idx).stream
  }

  sendIntermediatePredictResponse(pieces: readonly (Uint8Array | string | object | undefined)[]): void {
    if (pieces.length !== this.#requests.length) {
      throw new Error(`${pieces.length} pieces were given for ${this.#requests.length} requests`)
    }
    for (const [idx, piece] of pieces.entries()) if (piece !== undefined) this.stream(idx).write(piece)
  }

  #request(idx: number): HandlerRequest {
    const request = this.#requests[idx]
    if (request !== undefined) return request
    const count = this.#requests.length
    throw new RangeError(
      count === 0
        ? `there is no request ${idx}: the handler is being loaded`
        : `there is no request ${idx} in a batch of ${count}, the first is 0`,
    )
  }
}

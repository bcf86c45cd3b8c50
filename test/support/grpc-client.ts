import {
  Client,
  credentials,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js'
import {
  loadSync,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { fileURLToPath } from 'node:url'
import { protoPath as healthProto } from 'grpc-health-check'

const OPTIONS = { keepCase: true, enums: String, defaults: true }

const PROTOS = fileURLToPath(new URL('protos/', import.meta.url))

/** @param longs how 64-bit integers come: tensors have any of them, and a number would round some. */
function load(file: string, longs: typeof Number | typeof String = Number): PackageDefinition {
  return loadSync(file, { ...OPTIONS, longs, includeDirs: [PROTOS] })
}

/** As the project publishes it; that its numbers are right is for clients to say that others have written. */
function published(file: string): PackageDefinition {
  const directory = fileURLToPath(new URL('../../proto', import.meta.url))
  return loadSync(file, { ...OPTIONS, longs: Number, includeDirs: [directory] })
}

export const DEFINITIONS: PackageDefinition = {
  ...load('inference.proto'),
  ...load('management.proto'),
  ...load('error-details.proto'),
  ...loadSync(healthProto, { ...OPTIONS, longs: Number }),
  ...published('inference.proto'),
  ...published('tensorflow_serving.proto'),
}

/** The tensor protocols by their field tables, with 64-bit integers as text. */
export const EXACT_DEFINITIONS: PackageDefinition = {
  ...DEFINITIONS,
  ...load('open-inference.proto', String),
  ...load('tensorflow-serving.proto', String),
}

export const INFERENCE = 'org.pytorch.serve.grpc.inference.InferenceAPIsService'
export const MANAGEMENT = 'org.pytorch.serve.grpc.management.ManagementAPIsService'
export const OIP = 'inference.GRPCInferenceService'
export const TF_PREDICTION = 'tensorflow.serving.PredictionService'
export const TF_MODEL = 'tensorflow.serving.ModelService'
export const HEALTH = 'grpc.health.v1.Health'

export type GrpcReply = {
  readonly message: Record<string, unknown>
  readonly headers: Record<string, unknown>
}

/** Everything that a stream brought, and how it ended. */
export type StreamEnd = {
  readonly messages: readonly Record<string, unknown>[]
  readonly code: number
  readonly details: string
}

type CallSettings = CallOptions & {
  readonly metadata?: Record<string, string | Buffer>
  readonly signal?: AbortSignal
}

type ClientSettings = {
  readonly channel?: ChannelCredentials
  readonly definitions?: PackageDefinition
  readonly options?: ChannelOptions
}

/** A client of one service that shares nothing with the server: its messages are written from the field tables. */
export class GrpcClient {
  readonly #client: Client
  readonly #service: string
  readonly #definitions: PackageDefinition

  constructor(target: string, service: string, settings: ClientSettings = {}) {
    const { channel = credentials.createInsecure(), options = {} } = settings
    this.#client = new Client(target, channel, options)
    this.#service = service
    this.#definitions = settings.definitions ?? DEFINITIONS
  }

  /** @throws ServiceError with `code`, `details`, and the trailers as `metadata` */
  unary(method: string, request: object, settings: CallSettings = {}): Promise<GrpcReply> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    return new Promise((resolve, reject) => {
      let headers: Record<string, unknown> = {}
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(settings),
        settings,
        (error, message) => {
          if (error === null) resolve({ message: message as Record<string, unknown>, headers })
          else reject(error)
        },
      )
      call.on('metadata', (metadata: Metadata) => {
        headers = metadata.getMap()
      })
      settings.signal?.addEventListener('abort', () => {
        call.cancel()
      })
    })
  }

  /** The code and the words with which a call fails. */
  async failure(method: string, request: object, settings: CallSettings = {}): Promise<ServiceError> {
    return this.unary(method, request, settings).then(
      () => {
        throw new Error(`${method} succeeded`)
      },
      (error: unknown) => error as ServiceError, // the rejection of `unary`
    )
  }

  /** Bytes as they are, which need not be a message. */
  raw(method: string, bytes: Buffer): Promise<ServiceError | null> {
    const { path, responseDeserialize } = this.#method(method)
    return new Promise((resolve) => {
      const asBytes = (value: Buffer) => value
      this.#client.makeUnaryRequest(path, asBytes, responseDeserialize, bytes, (error) => {
        resolve(error)
      })
    })
  }

  stream(method: string, request: object, settings: CallSettings = {}): GrpcStream {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    return new GrpcStream(
      this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(settings),
        settings,
      ),
    )
  }

  bidi(method: string, settings: CallSettings = {}) {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    const call = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadataOf(settings),
      settings,
    )
    return Object.assign(new GrpcStream(call), {
      write: (message: object) => void call.write(message),
      end: () => void call.end(),
    })
  }

  close(): void {
    this.#client.close()
  }

  #method(name: string): MethodDefinition<object, object> {
    const service = this.#definitions[this.#service] as ServiceDefinition // one of the names above
    const method = service[name]
    if (method === undefined) throw new Error(`${this.#service} has no ${name}`)
    return method
  }
}

/** The messages of a stream: one by one, or all of them with the end. */
export class GrpcStream {
  readonly #call: ClientReadableStream<object>
  readonly #messages: Record<string, unknown>[] = []
  readonly #ended: Promise<StreamEnd>
  #taken = 0
  #wake: () => void = () => undefined

  constructor(call: ClientReadableStream<object>) {
    this.#call = call
    this.#ended = new Promise((resolve) => {
      call.on('error', () => undefined) // the status says the same
      call.on('status', ({ code, details }) => {
        resolve({ messages: this.#messages, code, details })
      })
    })
    call.on('data', (message: Record<string, unknown>) => {
      this.#messages.push(message)
      this.#wake()
    })
  }

  get ended(): Promise<StreamEnd> {
    return this.#ended
  }

  /** The next message that has not been taken yet. */
  async next(): Promise<Record<string, unknown>> {
    while (this.#taken >= this.#messages.length) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        this.#ended.then(({ code, details }) => {
          if (this.#taken >= this.#messages.length) throw new Error(`the stream ended: ${code} ${details}`)
        }),
      ])
    }
    const message = this.#messages[this.#taken++]
    if (message === undefined) throw new Error('no message')
    return message
  }

  cancel(): void {
    this.#call.cancel()
  }
}

/** What an error tells programs: the detail messages by their names. */
export function errorDetails(error: ServiceError): Record<string, object> {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const status = decode('google.rpc.Status', bytes as Buffer) as {
    details: { type_url: string; value: Buffer }[]
  }
  return Object.fromEntries(
    status.details.map(({ type_url: url, value }) => {
      const name = url.replace('type.googleapis.com/', '')
      return [name, decode(name, value)]
    }),
  )
}

export function decode(name: string, bytes: Buffer): object {
  return (DEFINITIONS[name] as MessageTypeDefinition<object, object>).deserialize(bytes)
}

function metadataOf({ metadata = {} }: CallSettings): Metadata {
  const result = new Metadata()
  for (const [name, value] of Object.entries(metadata)) result.set(name, value)
  return result
}

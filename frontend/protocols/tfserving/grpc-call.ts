import { ServingError } from '../../../worker/contract/errors.ts'
import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { TensorsPayload } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type {
  AdmittedRequest,
  DataPlane,
  ModelSelector,
  RequestHead,
  VersionMetadata,
} from '../../core/data-plane.ts'
import type { GrpcCall } from '../kernel/grpc-transport.ts'
import { errorOfHandlerStatus } from '../kernel/handler-status.ts'
import { inServableWords } from './errors.ts'

/** One request of a call; several tasks of one call are each a request. */
export type CallOptions = {
  readonly dataPlane: DataPlane
  readonly call: GrpcCall
  readonly model: ModelSelector
  readonly announcedBytes: number
}

/** What a request is, once the version that it is for is known. */
export type Decode<T extends { readonly payload: TensorsPayload }> = (
  metadata: VersionMetadata,
  admitted: AdmittedRequest,
) => T

export type Answered<T> = {
  readonly decoded: T
  readonly tensors: readonly Tensor[]
  readonly metadata: VersionMetadata
  /** The integer that names the version. */
  readonly version: string
}

/** Admission comes first, decoding next; a request that cannot be decoded gives its place back. */
export async function runCall<T extends { readonly payload: TensorsPayload }>(
  options: CallOptions,
  decode: Decode<T>,
): Promise<Answered<T>> {
  const { dataPlane, call } = options
  const admitted = admit(options)
  const { metadata, decoded } = decodedOrCancelled(admitted, () => {
    const found = dataPlane.metadata(admitted.model)
    return { metadata: found, decoded: decode(found, admitted) }
  })
  const { payload, status, headers = {}, model } = await admitted.run(decoded.payload)
  const error = errorOfHandlerStatus(status, payload.kind === 'bytes' ? payload.bytes : new Uint8Array())
  if (error !== undefined) throw error
  if (payload.kind === 'bytes') throw answersBytes(admitted)
  call.sendHeaders(headers)
  return { decoded, tensors: payload.tensors, metadata, version: dataPlane.integerVersionOf(model) }
}

function admit(options: CallOptions): AdmittedRequest {
  const { dataPlane, call, model } = options
  call.model = model.name
  try {
    const admitted = dataPlane.admit(new CallHead(options))
    call.model = formatModelId(admitted.model)
    return admitted
  } catch (error) {
    throw inServableWords(error, model)
  }
}

function decodedOrCancelled<T>(admitted: AdmittedRequest, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    admitted.cancel()
    throw error
  }
}

function answersBytes({ model }: AdmittedRequest): ServingError {
  return new ServingError(
    'unimplemented',
    `the handler of ${formatModelId(model)} answers bytes, and this service carries tensors; ask it over /predictions`,
    { reason: 'operation' },
  )
}

/** The head of a request over gRPC; its headers are the metadata of its call, read only if somebody asks. */
class CallHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly announcedBytes: number
  declare readonly timeoutMs?: number
  readonly #call: GrpcCall

  constructor({ call, model, announcedBytes }: CallOptions) {
    this.requestId = call.requestId
    this.model = model
    this.announcedBytes = announcedBytes
    if (call.timeoutMs !== undefined) this.timeoutMs = call.timeoutMs
    this.#call = call
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#call.headers
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }
}

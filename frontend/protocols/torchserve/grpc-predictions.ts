import { formatModelId } from '../../../worker/contract/model-id.ts'
import type {
  AdmittedRequest,
  DataPlane,
  InferenceResponse,
  ModelSelector,
  OnPiece,
  RequestHead,
  SequenceMark,
} from '../../core/data-plane.ts'
import type { GrpcCall, Send } from '../kernel/grpc-transport.ts'
import { errorOfHandlerStatus } from '../kernel/handler-status.ts'
import {
  bytesOfInput,
  payloadFromGrpc,
  predictionBytes,
  selectorFromGrpc,
  type PredictionResponse,
  type PredictionsRequest,
} from './proto-codec.ts'
import { SEQUENCE_HEADERS, sequenceOf, type SequenceHeaders } from '../kernel/request-head.ts'

const UNMARKED: SequenceMark = { start: false, end: false }

/** One request of a call; a stream of requests has several, each with an id of its own. */
export type PredictionCall = {
  readonly dataPlane: DataPlane
  readonly call: GrpcCall
  readonly requestId: string
  readonly request: PredictionsRequest
  /** Which metadata marks the request; absent for one of a stream, where metadata is about them all. */
  readonly sequenceHeaders?: SequenceHeaders
}

/** One request, one answer; what a handler streams is put together. */
export async function predict(options: PredictionCall): Promise<PredictionResponse> {
  const { call, request } = options
  const response = await admit(options).run(payloadFromGrpc(request))
  const prediction = predictionBytes(response.payload)
  const error = errorOfHandlerStatus(response.status, prediction)
  if (error !== undefined) throw error
  call.sendHeaders(response.headers ?? {})
  return { prediction, ...sequenceIdOf(response, request) }
}

/** Sends each piece that the handler streams as a message; an answer without pieces is one message. */
export async function predictInPieces(options: PredictionCall, send: Send): Promise<void> {
  const { call, request } = options
  let sequence = sequenceIdOf({}, request)
  const onPiece: OnPiece = (piece) => {
    const error = errorOfHandlerStatus(piece.status, piece.bytes)
    if (error !== undefined) throw error
    if (piece.headers !== undefined) {
      call.sendHeaders(piece.headers)
      sequence = sequenceIdOf(piece, request)
    }
    send({ prediction: piece.bytes, ...sequence })
  }
  const response = await admit(options).run(payloadFromGrpc(request), { onPiece })
  const bytes = predictionBytes(response.payload)
  if (!response.streamed) onPiece({ ...headOf(response), bytes })
  else if (bytes.byteLength > 0) send({ prediction: bytes, ...sequence })
}

function headOf({ status, headers }: InferenceResponse) {
  return { ...(status === undefined ? {} : { status }), ...(headers === undefined ? {} : { headers }) }
}

function sequenceIdOf(
  { headers = {} }: Pick<InferenceResponse, 'headers'>,
  { sequence_id: given }: PredictionsRequest,
): { readonly sequence_id?: string } {
  const id = headers[SEQUENCE_HEADERS.id] ?? given
  return id === undefined || id === '' ? {} : { sequence_id: id }
}

function admit(options: PredictionCall): AdmittedRequest {
  const { dataPlane, call, request } = options
  const model = selectorFromGrpc(request)
  call.model = model.name
  const admitted = dataPlane.admit(new GrpcRequestHead(options, model))
  call.model = formatModelId(admitted.model)
  return admitted
}

/** The head of a request over gRPC; its headers are the metadata of its call, read only if somebody asks. */
class GrpcRequestHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly announcedBytes: number
  declare readonly timeoutMs?: number
  readonly #options: PredictionCall

  constructor(options: PredictionCall, model: ModelSelector) {
    const { call, requestId, request } = options
    const { timeoutMs } = call
    this.requestId = requestId
    this.model = model
    this.announcedBytes = bytesOfInput(request)
    if (timeoutMs !== undefined) this.timeoutMs = timeoutMs
    this.#options = options
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#options.call.headers
  }

  get signal(): AbortSignal {
    return this.#options.call.signal
  }

  /** The field names the sequence; metadata may do so too, and may say that it starts or ends. */
  get sequence(): SequenceMark {
    const { request, sequenceHeaders: names } = this.#options
    const marked = names === undefined ? UNMARKED : (sequenceOf(this.headers, names) ?? UNMARKED)
    const id = request.sequence_id ?? ''
    return id === '' ? marked : { ...marked, id }
  }
}

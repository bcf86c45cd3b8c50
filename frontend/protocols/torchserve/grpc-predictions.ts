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
import type { GrpcCall, Send } from './grpc-transport.ts'
import {
  bytesOfInput,
  errorOfHandlerStatus,
  payloadFromGrpc,
  predictionBytes,
  selectorFromGrpc,
  type PredictionResponse,
  type PredictionsRequest,
} from './proto-codec.ts'

/** The header of an answer that names the sequence which its request belongs to. */
const SEQUENCE_HEADER = 'ts_request_sequence_id'

/** One request of a call; a stream of requests has several, each with an id of its own. */
export type PredictionCall = {
  readonly dataPlane: DataPlane
  readonly call: GrpcCall
  readonly requestId: string
  readonly request: PredictionsRequest
}

/** One request, one answer; what a handler streams is put together. */
export async function predict(options: PredictionCall): Promise<PredictionResponse> {
  const { call, request } = options
  const response = await admit(options).run(payloadFromGrpc(request))
  const prediction = predictionBytes(response.payload)
  const error = errorOfHandlerStatus(response.status, prediction)
  if (error !== undefined) throw error
  call.sendHeaders(response.headers ?? {})
  return { prediction, ...sequenceOf(response, request) }
}

/** Sends each piece that the handler streams as a message; an answer without pieces is one message. */
export async function predictInPieces(options: PredictionCall, send: Send): Promise<void> {
  const { call, request } = options
  let sequence = sequenceOf({}, request)
  const onPiece: OnPiece = (piece) => {
    const error = errorOfHandlerStatus(piece.status, piece.bytes)
    if (error !== undefined) throw error
    if (piece.headers !== undefined) {
      call.sendHeaders(piece.headers)
      sequence = sequenceOf(piece, request)
    }
    send({ prediction: piece.bytes, ...sequence })
  }
  const response = await admit(options).run(payloadFromGrpc(request), onPiece)
  const bytes = predictionBytes(response.payload)
  if (!response.streamed) onPiece({ ...headOf(response), bytes })
  else if (bytes.byteLength > 0) send({ prediction: bytes, ...sequence })
}

function headOf({ status, headers }: InferenceResponse) {
  return { ...(status === undefined ? {} : { status }), ...(headers === undefined ? {} : { headers }) }
}

function sequenceOf(
  { headers = {} }: Pick<InferenceResponse, 'headers'>,
  { sequence_id: given }: PredictionsRequest,
): { readonly sequence_id?: string } {
  const id = headers[SEQUENCE_HEADER] ?? given
  return id === undefined || id === '' ? {} : { sequence_id: id }
}

function admit({ dataPlane, call, requestId, request }: PredictionCall): AdmittedRequest {
  const model = selectorFromGrpc(request)
  call.model = model.name
  const admitted = dataPlane.admit(new GrpcRequestHead({ call, requestId, request, model }))
  call.model = formatModelId(admitted.model)
  return admitted
}

type HeadOptions = Omit<PredictionCall, 'dataPlane'> & { readonly model: ModelSelector }

/** The head of a request over gRPC; its headers are the metadata of its call, read only if somebody asks. */
class GrpcRequestHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly announcedBytes: number
  declare readonly timeoutMs?: number
  declare readonly sequence?: SequenceMark
  readonly #call: GrpcCall

  constructor({ call, requestId, request, model }: HeadOptions) {
    this.requestId = requestId
    this.model = model
    this.announcedBytes = bytesOfInput(request)
    this.#call = call
    const { timeoutMs } = call
    if (timeoutMs !== undefined) this.timeoutMs = timeoutMs
    const { sequence_id: id } = request
    if (id !== undefined && id !== '') this.sequence = { id, start: false, end: false }
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#call.headers
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }
}

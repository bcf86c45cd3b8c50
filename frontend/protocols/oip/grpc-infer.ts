import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { RequestPayload } from '../../../worker/contract/messages.ts'
import type {
  AdmittedRequest,
  DataPlane,
  InferenceResponse,
  ModelSelector,
  RequestHead,
  ResponsePiece,
  SequenceMark,
} from '../../core/data-plane.ts'
import type { GrpcCall } from '../kernel/grpc-transport.ts'
import { errorOfHandlerStatus } from '../kernel/handler-status.ts'
import { classificationOf, type Classify } from './classified-outputs.ts'
import {
  bytesOfTensors,
  bytesToGrpc,
  parametersFromGrpc,
  parametersToGrpc,
  selectorFromGrpc,
  tensorsFromGrpc,
  tensorsToGrpc,
  wantedOutputs,
  type ModelInferRequest,
  type ModelInferResponse,
} from './grpc-codec.ts'
import type { ReadParameters, RequestParameters } from './request-parameters.ts'

/** One request of a call; a stream of requests has several, each with an id of its own. */
export type InferCall = {
  readonly dataPlane: DataPlane
  readonly readParameters: ReadParameters
  readonly call: GrpcCall
  readonly requestId: string
  readonly request: ModelInferRequest
}

/** What is left to send when a handler is done. */
export type LastAnswer = {
  readonly message: ModelInferResponse
  /** It says nothing but that the answer has ended. */
  readonly isEmpty: boolean
  /** The client wants it even then. */
  readonly hasEmptyFinal: boolean
}

/** One request, one answer; what a handler streams is put together. */
export async function infer(options: InferCall): Promise<ModelInferResponse> {
  const { message, response } = await run(options)
  options.call.sendHeaders(response.headers ?? {})
  return message
}

/** Hands each piece that the handler streams to `onPiece`, and resolves with what is left. */
export async function inferInPieces(options: InferCall, onPiece: OnMessage): Promise<LastAnswer> {
  const { message, response, said } = await run(options, onPiece)
  const { payload, streamed } = response
  const isEmpty = streamed && payload.kind === 'bytes' && payload.bytes.byteLength === 0
  return { message, isEmpty, hasEmptyFinal: said.hasEmptyFinal }
}

type OnMessage = (message: ModelInferResponse) => void

type Answered = {
  readonly message: ModelInferResponse
  readonly response: InferenceResponse
  readonly said: RequestParameters
}

async function run(options: InferCall, onMessage?: OnMessage): Promise<Answered> {
  const { request } = options
  const { held, said } = admit(options)
  const { name, version } = held.model
  const head = { model_name: name, model_version: version, id: request.id }
  const { payload, classify } = decoded(held, options, said)
  const onPiece =
    onMessage === undefined
      ? undefined
      : (piece: ResponsePiece) => onMessage(pieceToGrpc(options, head, piece))
  const response = await held.run(payload, { ...said.run, onPiece })
  return { message: answerToGrpc(response, { head, classify }), response, said }
}

/** Admission goes by what the request says of itself, before its tensors are decoded. */
function admit(options: InferCall): { readonly held: AdmittedRequest; readonly said: RequestParameters } {
  const { dataPlane, readParameters, call, request } = options
  const model = selectorFromGrpc(request)
  call.model = model.name
  const said = readParameters(parametersFromGrpc(request), call)
  const held = dataPlane.admit(new InferRequestHead(options, model, said))
  call.model = formatModelId(held.model)
  return { held, said }
}

type Head = Pick<ModelInferResponse, 'model_name' | 'model_version' | 'id'>

type Decoded = { readonly payload: RequestPayload; readonly classify: Classify }

/** The place of a request that cannot be decoded is given back. */
function decoded(
  held: AdmittedRequest,
  { request, dataPlane }: InferCall,
  { parameters }: RequestParameters,
): Decoded {
  try {
    const wanted = wantedOutputs(request)
    const payload = {
      kind: 'tensors',
      tensors: tensorsFromGrpc(request),
      ...(wanted === undefined ? {} : { outputs: wanted.map(({ name }) => name) }),
      ...(parameters === undefined ? {} : { parameters }),
    } as const
    return { payload, classify: classificationOf(wanted ?? [], () => dataPlane.metadata(held.model)) }
  } catch (error) {
    held.cancel()
    throw error
  }
}

function pieceToGrpc(
  { call }: InferCall,
  head: Head,
  { status, headers, bytes }: ResponsePiece,
): ModelInferResponse {
  refuseErrorStatus(status, bytes)
  if (headers !== undefined) call.sendHeaders(headers)
  return { ...head, ...bytesToGrpc(bytes) }
}

function answerToGrpc(
  { status, payload }: InferenceResponse,
  { head, classify }: { readonly head: Head } & Pick<Decoded, 'classify'>,
): ModelInferResponse {
  if (payload.kind === 'bytes') {
    refuseErrorStatus(status, payload.bytes)
    return { ...head, ...bytesToGrpc(payload.bytes) }
  }
  refuseErrorStatus(status, new Uint8Array())
  const { parameters, tensors } = payload
  return {
    ...head,
    ...(parameters === undefined ? {} : { parameters: parametersToGrpc(parameters) }),
    ...tensorsToGrpc(classify(tensors)),
  }
}

function refuseErrorStatus(status: number | undefined, body: Uint8Array): void {
  const error = errorOfHandlerStatus(status, body)
  if (error !== undefined) throw error
}

/** The head of a request; its headers are the metadata of its call, read only if somebody asks. */
class InferRequestHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly announcedBytes: number
  readonly sequence: SequenceMark
  declare readonly timeoutMs?: number
  readonly #call: GrpcCall

  constructor({ call, requestId, request }: InferCall, model: ModelSelector, { run }: RequestParameters) {
    this.requestId = requestId
    this.model = model
    this.announcedBytes = bytesOfTensors(request)
    this.sequence = run.sequence
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

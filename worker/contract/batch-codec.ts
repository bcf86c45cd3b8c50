import { FrameBuilder, frameHeader } from './frame.ts'
import type { BatchRequest, BatchResponse, BatchResult, BatchTiming, WorkerReply } from './messages.ts'
import type { Mutable } from './mutable.ts'
import {
  addAnswer,
  addRequestPayload,
  answerOf,
  formOfAnswer,
  formOfRequestPayload,
  isAnswerOfSameForm,
  isOfSameForm,
  requestPayloadOf,
  SectionReader,
  type AnswerForm,
  type RequestPayloadForm,
} from './payload-codec.ts'

/*
 * Batches as frames: structure in the JSON header, every byte of data in a payload section. What consecutive members
 * have in common is told once, with their number. The header of a `run` frame with two JSON bodies looks like
 *   {"ids":["a1","a2"],"remainingMs":[900,800],"sections":[20,21],
 *    "forms":[[2,{"headers":{},"payload":{"kind":"parts","parts":[{"name":"body"}]}}]]}
 */

/** So many members, one after the other, that share a form. */
type Run<Form> = readonly [count: number, form: Form]

type RequestForm = Omit<BatchRequest, 'id' | 'remainingMs' | 'payload'> & {
  readonly payload: RequestPayloadForm
}
type RunHeader = {
  /** Of each member. */
  readonly ids: readonly string[]
  readonly remainingMs: readonly number[]
  readonly forms: readonly Run<RequestForm>[]
  /** Byte lengths of the payload's sections: of the first member, of the second one, and so on. */
  readonly sections: readonly number[]
}

type ResponseForm = Omit<BatchResponse, 'payload'> & { readonly payload: AnswerForm }
type ReplyForm = WorkerReply<ResponseForm>
type ResultHeader = {
  readonly forms: readonly Run<ReplyForm>[]
  readonly sections: readonly number[]
  readonly timing: BatchTiming
}

/**
 * A `run` frame in pieces, to be written in order. Large payloads lie where they were and must not change; the
 * requests keep them for a possible second try.
 */
export function runFramePieces(batchId: number, requests: readonly BatchRequest[]): Uint8Array[] {
  const builder = new FrameBuilder()
  for (const { payload } of requests) addRequestPayload(builder, payload)
  const header: RunHeader = {
    ids: requests.map(({ id }) => id),
    remainingMs: requests.map(({ remainingMs }) => remainingMs),
    forms: runsOf(requests, isRequestOfSameForm, formOfRequest),
    sections: builder.byteLengths,
  }
  return builder.pieces('run', batchId, header)
}

/** The members of a `run` frame. Their bytes and tensors are views of the frame's buffer. */
export function batchFromRunFrame(buffer: ArrayBuffer): BatchRequest[] {
  const { ids, remainingMs, forms, sections } = runHeader(buffer)
  const reader = new SectionReader(buffer, sections)
  return membersOf(forms, (form, index) => {
    const request: Mutable<BatchRequest> = {
      id: ids[index] ?? '',
      headers: { ...form.headers },
      remainingMs: remainingMs[index] ?? 0,
      payload: requestPayloadOf(form.payload, reader),
    }
    if (form.operation !== undefined) request.operation = form.operation
    if (form.turn !== undefined) request.turn = form.turn
    return request
  })
}

/** How many members the batch of a `run` frame has. */
export function batchSize(buffer: ArrayBuffer): number {
  return runHeader(buffer).ids.length
}

/** No batch has this id. Its `result` says that a loaded thread died, before the results of the batches it ran. */
export const NO_BATCH_ID = 0

export function resultFrameFromResult(batchId: number, result: BatchResult): Uint8Array<ArrayBuffer> {
  const builder = new FrameBuilder()
  for (const reply of result.replies) if (reply.ok) addAnswer(builder, reply.value.payload)
  const header: ResultHeader = {
    forms: runsOf(result.replies, isReplyOfSameForm, formOfReply),
    sections: builder.byteLengths,
    timing: result.timing,
  }
  return builder.build('result', batchId, header)
}

/** The outcome in a `result` frame. Its bytes and tensors are views of the frame's buffer; strings stay in it, unmade. */
export function resultFromResultFrame(buffer: ArrayBuffer): BatchResult {
  const { forms, sections, timing } = frameHeader(buffer) as ResultHeader // written by resultFrameFromResult of the same build
  const reader = new SectionReader(buffer, sections)
  const replies = membersOf(forms, (form): WorkerReply<BatchResponse> =>
    form.ok ? { ok: true, value: responseOf(form.value, reader) } : form,
  )
  return { replies, timing }
}

function responseOf(form: ResponseForm, sections: SectionReader): BatchResponse {
  const response: Mutable<BatchResponse> = { payload: answerOf(form.payload, sections) }
  if (form.status !== undefined) response.status = form.status
  if (form.headers !== undefined) response.headers = form.headers
  if (form.rows !== undefined) response.rows = form.rows
  if (form.more !== undefined) response.more = form.more
  return response
}

function runHeader(buffer: ArrayBuffer): RunHeader {
  return frameHeader(buffer) as RunHeader // written by runFramePieces of the same build
}

function runsOf<Member, Form>(
  members: readonly Member[],
  isOfForm: (member: Member, first: Member) => boolean,
  formOf: (member: Member) => Form,
): Run<Form>[] {
  const runs: [number, Form][] = []
  let first: Member | undefined
  for (const member of members) {
    const run = runs.at(-1)
    if (run !== undefined && first !== undefined && isOfForm(member, first)) run[0] += 1
    else {
      first = member
      runs.push([1, formOf(member)])
    }
  }
  return runs
}

function membersOf<Form, Member>(
  runs: readonly Run<Form>[],
  memberOf: (form: Form, index: number) => Member,
): Member[] {
  const members: Member[] = []
  for (const [count, form] of runs) {
    for (let i = 0; i < count; i++) members.push(memberOf(form, members.length))
  }
  return members
}

function isRequestOfSameForm(one: BatchRequest, other: BatchRequest): boolean {
  return (
    one.headers === other.headers &&
    one.operation === other.operation &&
    one.turn === undefined &&
    other.turn === undefined &&
    isOfSameForm(one.payload, other.payload)
  )
}

function formOfRequest({ id: _id, remainingMs: _ms, payload, ...form }: BatchRequest): RequestForm {
  return { ...form, payload: formOfRequestPayload(payload) }
}

function isReplyOfSameForm(one: WorkerReply<BatchResponse>, other: WorkerReply<BatchResponse>): boolean {
  return (
    one.ok &&
    other.ok &&
    one.value.status === other.value.status &&
    one.value.headers === other.value.headers &&
    one.value.rows === other.value.rows &&
    one.value.more === other.value.more &&
    isAnswerOfSameForm(one.value.payload, other.value.payload)
  )
}

function formOfReply(reply: WorkerReply<BatchResponse>): ReplyForm {
  if (!reply.ok) return reply
  const { payload, ...form } = reply.value
  return { ok: true, value: { ...form, payload: formOfAnswer(payload) } }
}

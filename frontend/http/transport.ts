import { send, type AnswerContext } from './answer.ts'
import { announcedBytes, readBody } from './body.ts'
import { bodyMemory } from './body-memory.ts'
import { isForm, partsFromForm } from './form.ts'
import { ResponseStream, type StreamHead } from './stream.ts'

/** All that a dialect may do with a request and its answer, in one object to hand over. */
export const httpTransport = {
  announcedBytes,
  readBody,
  giveBack: (body: Uint8Array) => {
    bodyMemory.give(body)
  },
  isForm,
  partsFromForm,
  send,
  openStream: (ctx: AnswerContext, head: StreamHead) => new ResponseStream(ctx, head),
}

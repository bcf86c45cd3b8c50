import type { RequestPayload } from '../../../worker/contract/messages.ts'
import type { AdmittedRequest } from '../../core/data-plane.ts'
import type { RequestContext, Transport } from '../kernel/transport.ts'
import { HttpAnswer } from './answer.ts'
import { requestFromHttp, responseToHttp } from './codec.ts'

/** How the bodies of handlers that decode them are read and answered, for dialects that leave those to this one. */
export function handlerBodies(transport: Transport) {
  return {
    read: (ctx: RequestContext, maxBytes: number): Promise<RequestPayload> =>
      requestFromHttp(transport, ctx, { maxBytes }),
    /** Runs the request, and sends its answer, in pieces if the handler streams it. */
    run: async (ctx: RequestContext, admitted: AdmittedRequest, payload: RequestPayload): Promise<void> => {
      const answer = new HttpAnswer(transport, ctx)
      answer.finish(await admitted.run(payload, { onPiece: answer.onPiece }))
    },
    answerOf: responseToHttp,
  }
}

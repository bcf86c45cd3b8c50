import { ServingError } from '../../contract/errors.ts'
import type { BatchResponse, RequestPayload, ServiceEnvelope } from '../../contract/messages.ts'
import type { HandlerRequest } from '../../handler.ts'

/** A convention of request and answer bodies around a handler. */
export interface Envelope {
  /** @throws ServingError `invalid_argument` when the body does not keep to the convention */
  open(request: HandlerRequest): OpenedRequest
}

/** One request, unwrapped. */
export type OpenedRequest = {
  /** What is inside, each a request of its own for the handler; possibly none. */
  readonly inner: readonly InnerRequest[]
  /** The answer, from those of the inner requests. */
  seal(answers: readonly BatchResponse[]): BatchResponse
}

export type InnerRequest = {
  readonly payload: RequestPayload
  /** What handlers of TorchServe's style get as their record. */
  readonly record?: { readonly value: unknown }
}

export function badEnvelope(kind: ServiceEnvelope, problem: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `the body ${problem}; the service envelope of this model is '${kind}'`,
    {
      reason: 'input',
    },
  )
}

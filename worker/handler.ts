import type {
  BatchAnswers,
  Handler,
  HandlerAnswer,
  HandlerContext,
  HandlerRequest,
} from './handler-api/handler.ts'

/*
 * The public API for handlers, `onnxserve/handler`. A bundled handler carries a copy of this module: what it makes
 * is recognized by its marks, never by its class.
 */

export type { DataType } from './contract/data-type.ts'
export type {
  Device,
  HandlerSchemas,
  HandlerSignature,
  Operation,
  Parameters,
  ParameterValue,
  RequestPart,
} from './contract/messages.ts'
export type { Tensor, TensorMetadata, TensorOf } from './contract/tensor.ts'
export { float16FromNumber, float16ToNumber } from './contract/float16.ts'
export type * from './handler-api/handler.ts'
export type * from './handler-api/metrics.ts'
export type * from './handler-api/torchserve.ts'
export { PredictionException } from './handler-api/torchserve.ts'
export { tensor, type TensorValues } from './handler-api/tensor.ts'
export { continueWith, type ContinuedAnswer } from './handler-api/continue-with.ts'

/**
 * An error for the client of one request. Thrown from a handler, its code and message reach the client; any other
 * error becomes `internal` with a fixed message and is logged with its stack.
 */
export { ServingError as HandlerError } from './contract/errors.ts'

/** Gives a handler module its types: `export default defineHandler({ … })`. */
export function defineHandler(handler: Handler): Handler {
  return handler
}

/**
 * Makes a function of one request answer a whole batch, for `handle` and `explain`: its calls overlap where they are
 * asynchronous, and a throw fails its request alone.
 */
export function perRequest(
  answer: (request: HandlerRequest, context: HandlerContext) => HandlerAnswer | Promise<HandlerAnswer>,
): (requests: readonly HandlerRequest[], context: HandlerContext) => Promise<BatchAnswers> {
  return (requests, context) =>
    Promise.all(
      requests.map(async (request) => {
        try {
          return await answer(request, context)
        } catch (error) {
          return error instanceof Error ? error : new Error(String(error))
        }
      }),
    )
}

import type { Tensor } from '../../../worker/contract/tensor.ts'

/** Where a server is reached. */
export type Target = { readonly http: string; readonly grpc: string }

export type Inference = {
  readonly model: string
  readonly version?: string
  readonly inputs: readonly Tensor[]
  /** Names, dtypes and ranks of what comes back, for wires that do not carry them. */
  readonly outputs: readonly Pick<Tensor, 'name' | 'dtype'>[]
}

/** How a request failed, in the words that all wires share. */
export type Failure = { readonly code: string; readonly message: string }

export type Outcome =
  | { readonly ok: true; readonly outputs: readonly Tensor[] }
  | { readonly ok: false; readonly failure: Failure }

/** One way in which a client of some dialect asks for an inference. It shares no code with the server. */
export type Wire = {
  readonly name: string
  /** Why this wire cannot carry these tensors; undefined when it can. */
  readonly cannotCarry: (inputs: readonly Tensor[]) => string | undefined
  readonly infer: (target: Target, inference: Inference) => Promise<Outcome>
}

/** Which of our codes a status of HTTP stands for, whatever the dialect. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_argument',
  404: 'not_found',
  413: 'resource_exhausted',
  429: 'resource_exhausted',
  503: 'unavailable',
  504: 'deadline_exceeded',
}

export function failureOfStatus(status: number, body: string): Outcome {
  const { error, message } = JSON.parse(body) as { readonly error?: string; readonly message?: string }
  return {
    ok: false,
    failure: { code: CODE_OF_STATUS[status] ?? String(status), message: error ?? message ?? '' },
  }
}

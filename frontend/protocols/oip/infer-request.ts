import type { NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { WantedOutput } from './classified-outputs.ts'

/** An output that a request names, and what it says of it. */
export type SelectedOutput = WantedOutput & {
  /** Its elements come as bytes behind the JSON. */
  readonly isBinary: boolean
}

/** What an inference request says. */
export type InferRequest = {
  readonly id?: string
  readonly tensors: readonly Tensor[]
  /** Absent: all, as {@link isBinaryByDefault} says. */
  readonly outputs?: readonly SelectedOutput[]
  readonly isBinaryByDefault: boolean
  /** Absent: as the server is set. */
  readonly nonFinite?: NonFinite
  /** Its `parameters`, not looked at yet. */
  readonly parameters?: unknown
}

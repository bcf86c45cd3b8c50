import type { Tensor } from '../../worker/contract/tensor.ts'
import { tensorToBytes } from '../../worker/contract/tensor-to-bytes.ts'
import type { LoadRequest } from './job.ts'

/** Any tensors in the binary extension of V2 over HTTP, the answer asked for in it too. */
export function tensorsRequest(model: string, tensors: readonly Tensor[]): LoadRequest {
  const blocks = tensors.map(tensorToBytes)
  const inputs = tensors.map(({ name, dtype, shape }, index) => ({
    name,
    datatype: dtype,
    shape,
    parameters: { binary_data_size: blocks[index]?.byteLength ?? 0 },
  }))
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }))
  return {
    path: `/v2/models/${model}/infer`,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.byteLength),
    },
    body: Buffer.concat([head, ...blocks]),
  }
}

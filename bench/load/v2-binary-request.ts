import type { LoadRequest } from './job.ts'

export type V2BinaryRequest = {
  readonly model: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly block: Uint8Array
}

/** One tensor `x` in the binary extension of V2, the answer asked for in it too. */
export function v2BinaryRequest({ model, datatype, shape, block }: V2BinaryRequest): LoadRequest {
  const parameters = { binary_data_size: block.byteLength }
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'x', datatype, shape, parameters }],
      parameters: { binary_data_output: true },
    }),
  )
  return {
    path: `/v2/models/${model}/infer`,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.byteLength),
    },
    body: Buffer.concat([head, block]),
  }
}

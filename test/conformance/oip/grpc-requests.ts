/* Messages that many assertions over gRPC begin with. */
import { bytesOf, SIXTEEN } from './requests.ts'

type Typed = Readonly<Record<string, readonly unknown[]>>

/** A request for a model with one input, whose elements are in `contents`. */
export const typed = (model: string, input: object, contents?: Typed) => ({
  model_name: model,
  inputs: [{ name: 'INPUT0', ...input, ...(contents === undefined ? {} : { contents }) }],
})

/** A request for a model with one input, whose elements are bytes. */
export const raw = (model: string, input: object, ...contents: readonly Uint8Array[]) => ({
  ...typed(model, input),
  raw_input_contents: contents,
})

export const fp32 = (...values: readonly number[]) => bytesOf(Float32Array.from(values))

/** One FP32 row of two columns, for `id_fp32`. */
export const ROW = typed('id_fp32', { datatype: 'FP32', shape: [1, 2] }, { fp32_contents: [0.5, 1] })

/** Two inputs of so many rows, for `addsub`. */
export const addSub = (rows: number, rest: object = {}) => {
  const bytes = bytesOf(Int32Array.from(Array.from({ length: rows }, () => SIXTEEN).flat()))
  const tensor = (name: string) => ({ name, datatype: 'INT32', shape: [rows, 16] })
  return {
    model_name: 'addsub',
    inputs: [tensor('INPUT0'), tensor('INPUT1')],
    raw_input_contents: [bytes, bytes],
    ...rest,
  }
}

/** A request of the handler that answers late. */
export const late = (model: string, ms: number, rest: object = {}) => ({
  model_name: model,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1] }],
  raw_input_contents: [fp32(ms)],
  ...rest,
})

/* Requests that many assertions begin with. */

/** An input of a request. */
export const input = (datatype: string, shape: readonly unknown[], rest: object = {}) => ({
  name: 'INPUT0',
  datatype,
  shape,
  ...rest,
})

/** One FP32 row of two columns, for `id_fp32`. */
export const ROW = { inputs: [input('FP32', [1, 2], { data: [0.5, 1] })] }

export const SIXTEEN = Array.from({ length: 16 }, (_, index) => index)

/** Two inputs of so many rows, for `addsub`. */
export const addSub = (rows: number, rest: object = {}) => {
  const data = Array.from({ length: rows }, () => SIXTEEN).flat()
  const tensor = (name: string) => ({ name, datatype: 'INT32', shape: [rows, 16], data })
  return { inputs: [tensor('INPUT0'), tensor('INPUT1')], ...rest }
}

/** A string as raw BYTES. */
export function rawString(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.byteLength)
  return Buffer.concat([length, bytes])
}

export const bytesOf = (data: Float32Array | Int32Array) => Buffer.from(data.buffer)

/** For models with `x` and `y`: answered after so many milliseconds. */
export const late = (ms: number, rest: object = {}) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [ms] }],
  ...rest,
})

import type { Tensor } from '../../worker/contract/tensor.ts'

/** A tensor `x` `[2, 2]` of every data type, with the values that are easily lost. */
export const TENSOR_OF_EVERY_TYPE: readonly Tensor[] = [
  { name: 'x', dtype: 'BOOL', shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) },
  { name: 'x', dtype: 'UINT8', shape: [2, 2], data: Uint8Array.of(0, 1, 254, 255) },
  { name: 'x', dtype: 'UINT16', shape: [2, 2], data: Uint16Array.of(0, 1, 65534, 65535) },
  { name: 'x', dtype: 'UINT32', shape: [2, 2], data: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1) },
  { name: 'x', dtype: 'UINT64', shape: [2, 2], data: BigUint64Array.of(0n, 1n, 2n ** 63n, 2n ** 64n - 1n) },
  { name: 'x', dtype: 'INT8', shape: [2, 2], data: Int8Array.of(-128, -1, 0, 127) },
  { name: 'x', dtype: 'INT16', shape: [2, 2], data: Int16Array.of(-32768, -1, 0, 32767) },
  { name: 'x', dtype: 'INT32', shape: [2, 2], data: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1) },
  { name: 'x', dtype: 'INT64', shape: [2, 2], data: BigInt64Array.of(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n) },
  // 1, -infinity, a not-a-number, and the smallest subnormal.
  { name: 'x', dtype: 'FP16', shape: [2, 2], data: Uint16Array.of(0x3c00, 0xfc00, 0x7e01, 0x0001) },
  { name: 'x', dtype: 'FP32', shape: [2, 2], data: Float32Array.of(0.1, -Infinity, NaN, 1e-45) },
  { name: 'x', dtype: 'FP64', shape: [2, 2], data: Float64Array.of(0.1, -Infinity, NaN, 5e-324) },
  { name: 'x', dtype: 'BYTES', shape: [2, 2], data: ['', 'è', 'a\nb', '𝄞'] },
]

import { messageOf } from '../contract/errors.ts'

/**
 * What an engine's error says of the GPU that it ran on: `lost` when no later call of this process can succeed
 * there, `memory` when the device had none left for this call; undefined when the error is of the call alone.
 */
export type DeviceFailure = 'lost' | 'memory' | undefined

/** Words of CUDA, cuBLAS, cuDNN, Vulkan and D3D12 for memory that cannot be had. */
const MEMORY =
  /out of memory|ALLOC(?:ATION)?_FAILED|[Ff]ailed to allocate memory|smaller than requested bytes|OUT_OF_(?:DEVICE|HOST)_MEMORY/

/**
 * Numbers of `cudaError` that leave the context as it was: the call's arguments, its memory, or a kernel that this
 * device does not have. After all others every call fails, or answers may be wrong.
 *
 * @see CUDA Runtime API, "enum cudaError"
 */
const HARMLESS_CUDA_ERRORS: ReadonlySet<number> = new Set([1, 2, 8, 9, 11, 12, 13, 98, 209, 218, 222, 801])

/** How the runtimes above CUDA, and those of WebGPU, tell of a context or a device that is gone. */
const LOST =
  /illegal memory access|illegal instruction|misaligned address|unspecified launch failure|device-side assert|uncorrectable (?:ECC|NVLink) error|launch timed out and was terminated|context is destroyed|(?:CUBLAS|CUDNN)_STATUS_EXECUTION_FAILED|[Dd]evice (?:is |was )?lost|DeviceLost|ERROR_DEVICE_(?:LOST|REMOVED|HUNG)/

export function deviceFailureOf(error: unknown): DeviceFailure {
  const message = messageOf(error)
  if (LOST.test(message)) return 'lost'
  if (MEMORY.test(message)) return 'memory'
  const number = /CUDA (?:failure|error) (\d+)/.exec(message)?.[1]
  if (number === undefined) return undefined
  return HARMLESS_CUDA_ERRORS.has(Number(number)) ? undefined : 'lost'
}

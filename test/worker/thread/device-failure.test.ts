import assert from 'node:assert/strict'
import { deviceFailureOf, type DeviceFailure } from '../../../worker/thread/device-failure.ts'

/** As onnxruntime 1.30.0 and the libraries below it word them. */
const CUDA = (number: number, words: string) =>
  `Non-zero status code returned while running Conv node. Name:'conv1' Status Message: CUDA failure ${number}: ${words} ; GPU=0 ; hostname=gpu-3 ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc ; line=129 ; expr=cudaStreamSynchronize(stream);`

const CASES: readonly { readonly it: string; readonly message: string; readonly failure: DeviceFailure }[] = [
  {
    it: 'an illegal address',
    message: CUDA(700, 'an illegal memory access was encountered'),
    failure: 'lost',
  },
  { it: 'a number alone', message: CUDA(719, ''), failure: 'lost' },
  { it: 'a number that nobody has met', message: CUDA(804, 'forward compatibility'), failure: 'lost' },
  { it: 'an ECC error', message: CUDA(214, 'uncorrectable ECC error encountered'), failure: 'lost' },
  {
    it: "TensorRT's words without a number",
    message:
      'TensorRT EP execution context enqueue failed: Error Code 1: Cuda Runtime (an illegal memory access was encountered)',
    failure: 'lost',
  },
  {
    it: 'a cuBLAS call on a broken context',
    message: 'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0',
    failure: 'lost',
  },
  {
    it: 'a lost WebGPU device',
    message: 'WebGPU device lost (1): A valid external Instance',
    failure: 'lost',
  },
  {
    it: "Dawn's words",
    message: 'Failed to wait for the operation: [Device] is lost. Device is lost',
    failure: 'lost',
  },
  { it: "Vulkan's words", message: 'vkQueueSubmit failed with VK_ERROR_DEVICE_LOST', failure: 'lost' },
  { it: 'memory by its number', message: CUDA(2, 'out of memory'), failure: 'memory' },
  {
    it: "memory by the arena's words",
    message:
      'BFCArena::AllocateRawInternal(size_t) Available memory of 1024 is smaller than requested bytes of 4096',
    failure: 'memory',
  },
  {
    it: 'memory that cuDNN wants',
    message: 'CUDNN failure 4006: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0',
    failure: 'memory',
  },
  { it: "Vulkan's memory", message: 'VK_ERROR_OUT_OF_DEVICE_MEMORY', failure: 'memory' },
  { it: 'an argument', message: CUDA(1, 'invalid argument'), failure: undefined },
  {
    it: 'a kernel for other devices',
    message: CUDA(209, 'no kernel image is available for execution on the device'),
    failure: undefined,
  },
  { it: 'a shape', message: 'Got invalid dimensions for input: x', failure: undefined },
]

describe('deviceFailureOf', () => {
  for (const { it: what, message, failure } of CASES) {
    it(`takes ${what} for ${failure ?? 'an error of the call alone'}`, () => {
      assert.equal(deviceFailureOf(new Error(message)), failure)
    })
  }
})

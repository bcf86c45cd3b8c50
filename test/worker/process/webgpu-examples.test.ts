import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Device } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { answersOf, tensorsRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory } from '../../support/model-directory.ts'
import { seededRandom } from '../../support/random.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../../support/software-vulkan.ts'

/** Of values around 1: sums come in another order on a GPU. */
const TOLERANCE = 1e-3

function floats(name: string, shape: readonly number[]): Tensor {
  const random = seededRandom(3)
  const length = shape.reduce((product, dimension) => product * dimension, 1)
  return { name, dtype: 'FP32', shape, data: Float32Array.from({ length }, random) }
}

function integers(
  name: string,
  shape: readonly [number, number],
  valueOf: (index: number) => number,
): Tensor {
  const length = shape[0] * shape[1]
  return { name, dtype: 'INT64', shape, data: BigInt64Array.from({ length }, (_, i) => BigInt(valueOf(i))) }
}

const EXAMPLES: readonly { readonly file: string; readonly tensors: readonly Tensor[] }[] = [
  { file: 'digits/model.onnx', tensors: [floats('image', [4, 1, 8, 8])] },
  { file: 'iris/model.onnx', tensors: [floats('measurements', [5, 4])] },
  { file: 'shapes/detector.onnx', tensors: [floats('images', [1, 3, 64, 64])] },
  { file: 'shapes/segmenter.onnx', tensors: [floats('images', [1, 3, 64, 64])] },
  {
    file: 'tickets/model.onnx',
    tensors: [
      integers('input_ids', [2, 12], (index) => 1 + ((index * 7) % 50)),
      integers('attention_mask', [2, 12], () => 1),
    ],
  },
]

async function outputsOn(provider: Device['provider'], file: string, tensors: readonly Tensor[]) {
  const model = readFileSync(new URL(`../../../examples/${file}`, import.meta.url))
  const directory = await modelDirectory({ 'model.onnx': model }, { device: { provider, deviceId: 0 } })
  const worker = new HostedWorker(SOFTWARE_VULKAN_ENVIRONMENT)
  try {
    worker.load(directory.spec)
    const [instance] = await worker.instances()
    assert.equal(instance?.ok, true, JSON.stringify(instance))
    const [answer] = answersOf(await worker.run([tensorsRequest(tensors)]))
    return answer as readonly Tensor[] // the tensor handler's
  } finally {
    await worker.kill()
    await directory.remove()
  }
}

function largestDifference(a: Tensor, b: Tensor): number {
  const [left, right] = [Array.from(a.data, Number), Array.from(b.data, Number)]
  return Math.max(
    ...left.map((value, i) => Math.abs(value - (right[i] ?? NaN)) / Math.max(1, Math.abs(value))),
  )
}

describeOnSoftwareVulkan('the models of the examples on WebGPU', function () {
  this.timeout(120_000)
  for (const { file, tensors } of EXAMPLES) {
    it(`${file} gives what it gives on the CPU`, async () => {
      const onCpu = await outputsOn('cpu', file, tensors)
      const onGpu = await outputsOn('webgpu', file, tensors)
      assert.deepEqual(
        onGpu.map(({ name, shape }) => ({ name, shape })),
        onCpu.map(({ name, shape }) => ({ name, shape })),
      )
      const differences = onCpu.map((tensor, i) => largestDifference(tensor, onGpu[i] ?? tensor))
      assert.ok(
        differences.every((difference) => difference < TOLERANCE),
        `differ by ${differences.join(', ')}`,
      )
    })
  }
})

import type { Tensor } from '../../worker/contract/tensor.ts'
import { buildModel, type Node } from './onnx-builder.ts'
import { seededRandom } from './random.ts'

/** One fully connected layer: `weights` is row-major, `inputs` × `outputs`. */
export type Layer = {
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float32Array
  readonly biases: Float32Array
}

/** The layers between `sizes`, with weights that keep activations near 1 at any width. */
export function mlpLayers(sizes: readonly number[], seed = 1): Layer[] {
  const random = seededRandom(seed)
  const fill = (count: number, scale: number) =>
    Float32Array.from({ length: count }, () => (2 * random() - 1) * scale)
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index] ?? 0
    return {
      inputs,
      outputs,
      weights: fill(inputs * outputs, Math.sqrt(3 / inputs)),
      biases: fill(outputs, 0.1),
    }
  })
}

/**
 * A multilayer perceptron: input `x` FP32 `[batch, sizes[0]]`, output `y` FP32 `[batch, sizes.at(-1)]`,
 * ReLU between layers and a softmax at the end.
 */
export function mlp(sizes: readonly number[], seed = 1): Uint8Array {
  const layers = mlpLayers(sizes, seed)
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', sizes[0] ?? 0] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', sizes.at(-1) ?? 0] }],
    nodes: layers.flatMap((_, index) => layerNodes(index, index === layers.length - 1)),
    initializers: layers.flatMap(layerTensors),
  })
}

function layerNodes(index: number, isLast: boolean): Node[] {
  const input = index === 0 ? 'x' : `h${index}`
  const output = isLast ? 'y' : `h${index + 1}`
  return [
    { op: 'MatMul', inputs: [input, `w${index}`], outputs: [`p${index}`] },
    { op: 'Add', inputs: [`p${index}`, `b${index}`], outputs: [`s${index}`] },
    isLast
      ? { op: 'Softmax', inputs: [`s${index}`], outputs: [output], attributes: { axis: { int: -1 } } }
      : { op: 'Relu', inputs: [`s${index}`], outputs: [output] },
  ]
}

function layerTensors(layer: Layer, index: number): Tensor[] {
  const { inputs, outputs, weights, biases } = layer
  return [
    { name: `w${index}`, dtype: 'FP32', shape: [inputs, outputs], data: weights },
    { name: `b${index}`, dtype: 'FP32', shape: [outputs], data: biases },
  ]
}

/** What {@link mlp} answers for one row, computed in double precision without any runtime. */
export function mlpAnswer(layers: readonly Layer[], row: ArrayLike<number>): number[] {
  const sums = layers.reduce<number[]>(
    (values, layer, index) =>
      applyLayer(layer, index === 0 ? values : values.map((each) => Math.max(0, each))),
    Array.from(row),
  )
  const largest = Math.max(...sums)
  const powers = sums.map((each) => Math.exp(each - largest))
  const total = powers.reduce((sum, each) => sum + each, 0)
  return powers.map((each) => each / total)
}

function applyLayer({ outputs, weights, biases }: Layer, values: readonly number[]): number[] {
  return Array.from({ length: outputs }, (_, column) =>
    values.reduce(
      (sum, value, row) => sum + value * (weights[row * outputs + column] ?? 0),
      biases[column] ?? 0,
    ),
  )
}

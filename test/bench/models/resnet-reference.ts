import type { ResNetShape } from '../../../bench/models/resnet.ts'
import type { WeightReader } from './weight-reader.ts'

/*
 * A bottleneck ResNet in plain loops and double precision, written from the paper (arXiv 1512.03385) and not from
 * the graph: what the graph's answer is compared with.
 */

/** Channel after channel, each `size` × `size`. */
type Image = { readonly channels: number; readonly size: number; readonly values: Float64Array }

/** The scores of one normalised image `[3, size, size]`. */
export function resnetScores(image: Float32Array, shape: ResNetShape, weights: WeightReader): number[] {
  const input = { channels: 3, size: shape.imageSize, values: Float64Array.from(image) }
  let value = maxPooled(
    relu(convolved(input, layer(weights, 'stem', { out: shape.width, kernel: 7, stride: 2 }))),
  )
  shape.blocks.forEach((blocks, stage) => {
    const width = shape.width * 2 ** stage
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1
      const isProjected = block === 0
      value = blockOf(
        value,
        { name: `stage${stage + 1}.block${block + 1}`, width, stride, isProjected },
        weights,
      )
    }
  })
  return classified(value, weights, shape.classes)
}

/** What of a colour picture `[size, size, 3]` the network sees. */
export function normalisedPixels(pixels: Uint8Array, size: number): Float32Array {
  const means = [0.485, 0.456, 0.406]
  const deviations = [0.229, 0.224, 0.225]
  return Float32Array.from({ length: 3 * size * size }, (_, index) => {
    const channel = Math.floor(index / (size * size))
    const share = (pixels[(index % (size * size)) * 3 + channel] ?? NaN) / 255
    return (share - (means[channel] ?? NaN)) / (deviations[channel] ?? NaN)
  })
}

type Layer = {
  readonly weight: Float32Array
  readonly bias: Float32Array
  readonly out: number
  readonly kernel: number
  readonly stride: number
}

type Sizes = Pick<Layer, 'out' | 'kernel' | 'stride'>

function layer(weights: WeightReader, name: string, sizes: Sizes): Layer {
  return { weight: weights(`${name}.weight`), bias: weights(`${name}.bias`), ...sizes }
}

type Block = {
  readonly name: string
  readonly width: number
  readonly stride: number
  readonly isProjected: boolean
}

function blockOf(input: Image, { name, width, stride, isProjected }: Block, weights: WeightReader): Image {
  const part = (which: string, sizes: Sizes) => layer(weights, `${name}.${which}`, sizes)
  const narrow = relu(convolved(input, part('narrow', { out: width, kernel: 1, stride: 1 })))
  const spatial = relu(convolved(narrow, part('spatial', { out: width, kernel: 3, stride })))
  const widened = convolved(spatial, part('widen', { out: 4 * width, kernel: 1, stride: 1 }))
  const shortcut = isProjected
    ? convolved(input, part('project', { out: 4 * width, kernel: 1, stride }))
    : input
  return relu({
    ...widened,
    values: widened.values.map((value, index) => value + at(shortcut.values, index)),
  })
}

function convolved(input: Image, { weight, bias, out, kernel, stride }: Layer): Image {
  const size = Math.ceil(input.size / stride)
  const values = new Float64Array(out * size * size)
  for (let channel = 0; channel < out; channel++) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = at(bias, channel)
        eachOfWindow(input, { row: row * stride, column: column * stride, kernel }, (value, offset) => {
          sum += value * at(weight, channel * input.channels * kernel * kernel + offset)
        })
        values[(channel * size + row) * size + column] = sum
      }
    }
  }
  return { channels: out, size, values }
}

type Window = { readonly row: number; readonly column: number; readonly kernel: number }

/** Calls with each element under the kernel and its place in the kernel; what lies outside the image counts as 0. */
function eachOfWindow(
  { channels, size, values }: Image,
  { row, column, kernel }: Window,
  visit: (value: number, offset: number) => void,
): void {
  const reach = (kernel - 1) / 2
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < kernel; y++) {
      for (let x = 0; x < kernel; x++) {
        const [fromRow, fromColumn] = [row + y - reach, column + x - reach]
        const isOutside = Math.min(fromRow, fromColumn) < 0 || Math.max(fromRow, fromColumn) >= size
        const value = isOutside ? 0 : at(values, (channel * size + fromRow) * size + fromColumn)
        visit(value, (channel * kernel + y) * kernel + x)
      }
    }
  }
}

/** 3 × 3 with stride 2. The padding never wins: all values come out of a ReLU. */
function maxPooled({ channels, size: from, values }: Image): Image {
  const size = Math.ceil(from / 2)
  const pooled = Float64Array.from({ length: channels * size * size }, (_, index) => {
    const channel = Math.floor(index / (size * size))
    const plane = values.subarray(channel * from * from, (channel + 1) * from * from)
    const row = 2 * (Math.floor(index / size) % size)
    let largest = 0
    const window = { row, column: 2 * (index % size), kernel: 3 }
    eachOfWindow({ channels: 1, size: from, values: plane }, window, (value) => {
      largest = Math.max(largest, value)
    })
    return largest
  })
  return { channels, size, values: pooled }
}

function relu(image: Image): Image {
  return { ...image, values: image.values.map((value) => Math.max(0, value)) }
}

function classified({ channels, size, values }: Image, weights: WeightReader, classes: number): number[] {
  const area = size * size
  const means = Array.from({ length: channels }, (_, channel) =>
    values.subarray(channel * area, (channel + 1) * area).reduce((sum, value) => sum + value / area, 0),
  )
  const [weight, bias] = [weights('classifier.weight'), weights('classifier.bias')]
  return Array.from({ length: classes }, (_, label) =>
    means.reduce(
      (sum, mean, channel) => sum + mean * at(weight, label * channels + channel),
      at(bias, label),
    ),
  )
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? NaN
}

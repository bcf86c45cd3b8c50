import { GraphBuilder, type ModelPlan, type Precision } from './graph-builder.ts'

/** The sizes that make a bottleneck ResNet. */
export type ResNetShape = {
  /** Residual blocks of each stage. */
  readonly blocks: readonly number[]
  /** Channels after the stem; each stage has twice those of the one before, and ends in four times as many. */
  readonly width: number
  readonly imageSize: number
  readonly classes: number
}

/** @see He et al. 2015, arXiv 1512.03385, table 1 */
export const RESNET_50: ResNetShape = { blocks: [3, 4, 6, 3], width: 64, imageSize: 224, classes: 1000 }

export type ResNetOptions = {
  readonly shape?: ResNetShape
  readonly precision?: Precision
  /**
   * `floats`: FP32 `[batch, 3, size, size]`, normalised by the client. `pixels`: UINT8 `[batch, size, size, 3]` as
   * a decoder leaves them, normalised in the graph: a quarter of the bytes.
   */
  readonly input?: 'floats' | 'pixels'
}

/** Of an image's red, green and blue, 0 to 255: the customary statistics of ImageNet. */
const MEANS = [123.675, 116.28, 103.53]
const DEVIATIONS = [58.395, 57.12, 57.375]

const EXPANSION = 4
const CHANNELS = 3
/**
 * The last convolution of a block is this much weaker than the others, or the sum of all the blocks would outgrow
 * half precision.
 */
const LAST_OF_BLOCK = 0.25

/**
 * A ResNet with the stride in the 3 × 3 convolution, input `image`, output `scores` FP32 `[batch, classes]`. Batch
 * normalisation is folded into the convolutions' biases, as the runtime and exporters do before serving.
 */
export function resnet(options: ResNetOptions = {}): ModelPlan {
  const { shape = RESNET_50, precision = 'FP32', input = 'floats' } = options
  const graph = new GraphBuilder(precision)
  const image = input === 'floats' ? graph.cast('image') : normalised(graph)
  const channels = { in: CHANNELS, out: shape.width }
  const stem = convolution(graph, image, { name: 'stem', channels, kernel: 7, stride: 2 })
  const stages = shape.blocks.reduce(
    (value, blocks, stage) => stageOf(graph, value, { stage, blocks, width: shape.width }),
    pool(graph, graph.apply('Relu', [stem])),
  )
  graph.finish(classify(graph, stages, shape), 'scores')
  const { imageSize } = shape
  return graph.plan(
    [
      input === 'floats'
        ? { name: 'image', dtype: 'FP32', shape: ['batch', CHANNELS, imageSize, imageSize] }
        : { name: 'image', dtype: 'UINT8', shape: ['batch', imageSize, imageSize, CHANNELS] },
    ],
    [{ name: 'scores', dtype: 'FP32', shape: ['batch', shape.classes] }],
  )
}

/** Transposed while a pixel is still one byte. */
function normalised(graph: GraphBuilder): string {
  const planes = graph.apply('Transpose', ['image'], { perm: { ints: [0, 3, 1, 2] } })
  const values = graph.cast(planes, 'other')
  const centred = graph.apply('Sub', [values, graph.floats([CHANNELS, 1, 1], ...MEANS)])
  const factors = DEVIATIONS.map((deviation) => 1 / deviation)
  return graph.apply('Mul', [centred, graph.floats([CHANNELS, 1, 1], ...factors)])
}

function pool(graph: GraphBuilder, value: string): string {
  return graph.apply('MaxPool', [value], {
    kernel_shape: { ints: [3, 3] },
    strides: { ints: [2, 2] },
    pads: { ints: [1, 1, 1, 1] },
  })
}

type Stage = { readonly stage: number; readonly blocks: number; readonly width: number }

function stageOf(graph: GraphBuilder, value: string, { stage, blocks, width }: Stage): string {
  const inner = width * 2 ** stage
  const out = inner * EXPANSION
  const into = stage === 0 ? width : out / 2
  let current = value
  for (let block = 0; block < blocks; block++) {
    const name = `stage${stage + 1}.block${block + 1}`
    const stride = stage > 0 && block === 0 ? 2 : 1
    current = bottleneck(graph, current, { name, in: block === 0 ? into : out, inner, out, stride })
  }
  return current
}

type Block = {
  readonly name: string
  readonly in: number
  readonly inner: number
  readonly out: number
  readonly stride: number
}

function bottleneck(graph: GraphBuilder, value: string, block: Block): string {
  const { name, inner, out, stride } = block
  const relu = (sum: string) => graph.apply('Relu', [sum])
  const narrow = { name: `${name}.narrow`, channels: { in: block.in, out: inner }, kernel: 1, stride: 1 }
  const spatial = { name: `${name}.spatial`, channels: { in: inner, out: inner }, kernel: 3, stride }
  const widen = {
    name: `${name}.widen`,
    channels: { in: inner, out },
    kernel: 1,
    stride: 1,
    gain: LAST_OF_BLOCK,
  }
  const inside = relu(convolution(graph, relu(convolution(graph, value, narrow)), spatial))
  const isSameSize = block.in === out && stride === 1
  const project = { name: `${name}.project`, channels: { in: block.in, out }, kernel: 1, stride }
  const shortcut = isSameSize ? value : convolution(graph, value, project)
  return relu(graph.apply('Add', [convolution(graph, inside, widen), shortcut]))
}

type Convolution = {
  readonly name: string
  readonly channels: { readonly in: number; readonly out: number }
  readonly kernel: number
  readonly stride: number
  readonly gain?: number
}

function convolution(graph: GraphBuilder, value: string, convolution: Convolution): string {
  const { name, channels, kernel, stride, gain = 1 } = convolution
  const fanIn = channels.in * kernel * kernel
  // Uniform with the variance that keeps the activations' size through a ReLU: He et al. 2015, arXiv 1502.01852.
  const spread = gain * Math.sqrt(6 / fanIn)
  const weight = graph.weight(`${name}.weight`, [channels.out, channels.in, kernel, kernel], spread)
  const bias = graph.weight(`${name}.bias`, [channels.out], 0.1)
  const padding = (kernel - 1) / 2
  return graph.apply('Conv', [value, weight, bias], {
    kernel_shape: { ints: [kernel, kernel] },
    strides: { ints: [stride, stride] },
    pads: { ints: [padding, padding, padding, padding] },
  })
}

function classify(graph: GraphBuilder, value: string, { blocks, width, classes }: ResNetShape): string {
  const features = width * 2 ** (blocks.length - 1) * EXPANSION
  const pooled = graph.apply('Flatten', [graph.apply('GlobalAveragePool', [value])], { axis: { int: 1 } })
  const weight = graph.weight('classifier.weight', [classes, features], Math.sqrt(3 / features))
  const bias = graph.weight('classifier.bias', [classes], 0.1)
  return graph.apply('Gemm', [pooled, weight, bias], { transB: { int: 1 } })
}

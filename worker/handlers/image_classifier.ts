import { float16FromNumber, float16ToNumber } from '../contract/float16.ts'
import { ServingError } from '../contract/errors.ts'
import type { RequestPart } from '../contract/messages.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import type { Handler, HandlerContext, HandlerRequest, Outputs } from '../handler.ts'
import { imageConfig, type ImageConfig } from './image/config.ts'
import { loadLabels, type LabelOf } from './image/labels.ts'
import { decodeImage, valuesFromPixels } from './image/pixels.ts'
import { softmax, topIndexes } from './image/top-k.ts'

type Ready = { readonly config: ImageConfig; readonly input: TensorMetadata; readonly labelOf: LabelOf }

/**
 * Classifies one JPEG, PNG or WebP image per request: the raw body, or a form file or part `data` or `body`.
 *
 * The answer is `{label: probability, …}`, the `topK` likeliest first, as TorchServe's handler of this name gives
 * it. How images become tensors is configured, see {@link imageConfig}. Tensors that a dialect has decoded are run
 * as they are and answered as tensors.
 */
export function imageClassifier(): Handler {
  let ready: Ready | undefined
  const whenReady = (): Ready => {
    if (ready === undefined) throw new Error('a request came before initialize')
    return ready
  }
  return {
    async initialize(context) {
      const input = imageInput(context)
      const config = imageConfig(context.config, input)
      ready = { config, input, labelOf: await loadLabels(config, context.modelDir) }
    },

    async preprocess(request) {
      if (request.tensors !== undefined) return request.tensors
      const { config, input } = whenReady()
      const pixels = await decodeImage(imagePart(request), config)
      return [imageTensor(input, config, valuesFromPixels(pixels, config))]
    },

    postprocess(outputs, request, context) {
      if (request.tensors !== undefined) return context.outputs.flatMap(({ name }) => outputs[name] ?? [])
      const { config, labelOf } = whenReady()
      const scores = scoresFrom(outputs, context)
      const probabilities = config.softmax ? softmax(scores) : scores
      request.response.contentType ??= 'application/json'
      // Written by hand: an object would put labels that look like integers into ascending order.
      const members = topIndexes(probabilities, config.topK).map(
        (index) => `${JSON.stringify(labelOf(index))}:${JSON.stringify(probabilities[index] ?? 0)}`,
      )
      return `{${members.join(',')}}`
    },
  }
}

const IMAGE_TYPES: readonly string[] = ['FP32', 'FP16', 'UINT8']

function imageInput({ inputs, outputs }: HandlerContext): TensorMetadata {
  const [input, ...others] = inputs
  if (
    input === undefined ||
    others.length > 0 ||
    !IMAGE_TYPES.includes(input.dtype) ||
    outputs.length === 0
  ) {
    const found = inputs.map(({ name, dtype }) => `'${name}' ${dtype}`).join(', ')
    throw new ServingError(
      'invalid_argument',
      `the handler 'image_classifier' needs a graph with one input of ${IMAGE_TYPES.join(', ')}; it has ${found}`,
      { reason: 'model' },
    )
  }
  return input
}

function imagePart(request: HandlerRequest): RequestPart {
  const files = request.parts.filter(({ fileName }) => fileName !== undefined)
  if (files.length > 1)
    throw badRequest(`one image is expected, ${files.length} files came; send a request for each`)
  const only = request.parts.length === 1 ? request.parts[0] : undefined
  const part = files[0] ?? request.part('data') ?? request.part('body') ?? only
  if (part === undefined) throw badRequest(`an image is expected as the body, a file, or the field 'data'`)
  return part
}

function imageTensor(input: TensorMetadata, config: ImageConfig, values: Float32Array): Tensor {
  const { width, height, channels, layout } = config
  const shape = layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels]
  const { name } = input
  switch (input.dtype) {
    case 'FP16':
      return { name, dtype: 'FP16', shape, data: Uint16Array.from(values, float16FromNumber) }
    case 'UINT8':
      // Rounds and keeps within 0 to 255.
      return { name, dtype: 'UINT8', shape, data: new Uint8Array(Uint8ClampedArray.from(values).buffer) }
    default:
      return { name, dtype: 'FP32', shape, data: values }
  }
}

/** One score for each class: the first output, whatever its rank beyond the row. */
function scoresFrom(outputs: Outputs, context: HandlerContext): ArrayLike<number> {
  const name = context.outputs[0]?.name ?? ''
  const scores = outputs[name]
  switch (scores?.dtype) {
    case 'FP32':
    case 'FP64':
      return scores.data
    case 'FP16':
      return Array.from(scores.data, float16ToNumber)
    default:
      throw new ServingError('internal', `output '${name}' holds no floating-point scores`)
  }
}

function badRequest(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'image' })
}

import { float16FromNumber } from '../../contract/float16.ts'
import { ServingError } from '../../contract/errors.ts'
import { tensorFromJson } from '../../contract/tensor-from-json.ts'
import type { Tensor, TensorMetadata } from '../../contract/tensor.ts'
import type { HandlerContext } from '../../handler.ts'
import type { ImageConfig, ImageHandler } from './config.ts'
import { decodeImage, uprightSize, valuesFromPixels, type Pixels } from './pixels.ts'
import { placementOf, type Placement } from './placement.ts'
import type { SentImage } from './request.ts'

const IMAGE_TYPES: readonly string[] = ['FP32', 'FP16', 'UINT8']

/**
 * The only input of a graph that takes images.
 *
 * @throws ServingError `invalid_argument` when it has another number of inputs, or one of another data type.
 */
export function imageInput(
  handler: ImageHandler,
  { inputs, outputs }: Pick<HandlerContext, 'inputs' | 'outputs'>,
): TensorMetadata {
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
      `the handler '${handler}' needs a graph with one input of ${IMAGE_TYPES.join(', ')}; it has ${found}`,
      { reason: 'model' },
    )
  }
  return input
}

/** The tensor of one image. @throws ServingError `invalid_argument` */
export async function imageTensor(
  image: SentImage,
  input: TensorMetadata,
  config: ImageConfig,
): Promise<Tensor> {
  if (image.kind === 'values') return tensorFromValues(input, image.values)
  return tensorFromPixels(input, config, await decodeImage(image.part, config))
}

/** The tensor of one image, and where the image lies in it. @throws ServingError `invalid_argument` */
export async function placedImageTensor(
  image: SentImage,
  input: TensorMetadata,
  config: ImageConfig,
): Promise<{ readonly tensor: Tensor; readonly placement: Placement }> {
  if (image.kind === 'values') {
    const { width, height } = config
    return {
      tensor: tensorFromValues(input, image.values),
      placement: placementOf(config, { width, height }),
    }
  }
  const pixels = await decodeImage(image.part, config)
  const placement = placementOf(config, await uprightSize(image.part))
  return { tensor: tensorFromPixels(input, config, pixels), placement }
}

/** A list may hold the rows of several images; the answer would mix them. */
function tensorFromValues(input: TensorMetadata, values: readonly unknown[]): Tensor {
  const { tensor } = tensorFromJson(input, values)
  const [images] = tensor.shape
  if (tensor.shape.length < 4 || images === 1) return tensor
  throw new ServingError(
    'invalid_argument',
    `one image is expected, the list holds ${images}; send a request for each`,
    { reason: 'image' },
  )
}

function tensorFromPixels(input: TensorMetadata, config: ImageConfig, pixels: Pixels): Tensor {
  const { width, height, channels, layout } = config
  const values = valuesFromPixels(pixels, config)
  const image = layout === 'NCHW' ? [channels, height, width] : [height, width, channels]
  const shape = input.shape.length === image.length ? image : [1, ...image]
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

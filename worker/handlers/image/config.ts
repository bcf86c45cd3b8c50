import {
  badSettings,
  readHandlerSettings,
} from '../../../archiver-cli/format/handler-settings/read-settings.ts'
import type { ImageSettings } from '../../../archiver-cli/format/handler-settings/image.ts'
import type { HandlerSettings } from '../../../archiver-cli/format/handler-settings/schemas.ts'
import type { TensorMetadata } from '../../contract/tensor.ts'
import { formatShape } from '../../contract/tensor.ts'

/** The built-in handlers that take images. */
export type ImageHandler = 'image_classifier' | 'object_detector' | 'image_segmenter'

/** Sizes of a graph's input image. */
export type ImageSize = { readonly width: number; readonly height: number; readonly channels: 1 | 3 }

/** How images become the tensor of one graph. */
export type ImageConfig = ImageSettings & ImageSize

/**
 * Reads a handler's configuration, completed by the sizes that the graph's input fixes.
 *
 * @throws ServingError `invalid_argument` naming the key, what is allowed, and the likely spelling.
 */
export function imageConfig<H extends ImageHandler>(
  handler: H,
  value: unknown,
  input: TensorMetadata,
): HandlerSettings<H> & ImageSize {
  const settings = readHandlerSettings(handler, value)
  return { ...settings, ...imageSize(handler, settings, input) }
}

function imageSize(handler: ImageHandler, settings: ImageSettings, input: TensorMetadata): ImageSize {
  const shape = imageAxes(handler, input)
  const axes =
    settings.layout === 'NCHW' ? { channels: 0, height: 1, width: 2 } : { height: 0, width: 1, channels: 2 }
  const size = (key: 'width' | 'height' | 'channels') => {
    const dimension = shape[axes[key]]
    const fixed = typeof dimension === 'number' && dimension > 0 ? dimension : undefined
    return agreedSize(handler, { key, configured: settings[key], fixed })
  }
  const [width, height, channels] = [size('width'), size('height'), size('channels')]
  if ((settings.shorterSide ?? Infinity) < Math.max(width, height)) {
    throw badSettings(
      handler,
      `has 'shorterSide' ${settings.shorterSide}, less than the ${width}x${height} to be cropped from it`,
    )
  }
  if (channels !== 1 && channels !== 3) {
    throw badSettings(handler, `needs a graph with 1 or 3 channels, not ${channels}`)
  }
  for (const key of ['mean', 'std'] as const) {
    const { length } = settings[key]
    if (length !== 1 && length !== channels) {
      throw badSettings(handler, `has ${length} values for '${key}', not 1 or ${channels}`)
    }
  }
  return { width, height, channels }
}

/** The dimensions of one image. Detectors of torchvision take a single one, without a dimension for rows. */
function imageAxes(handler: ImageHandler, { name, shape }: TensorMetadata): TensorMetadata['shape'] {
  if (shape.length === 4) return shape.slice(1)
  if (shape.length === 3 && handler === 'object_detector') return shape
  const wanted = handler === 'object_detector' ? 'three or four' : 'four'
  throw badSettings(
    handler,
    `needs a graph whose input has ${wanted} dimensions; '${name}' is ${formatShape(shape)}`,
  )
}

type Sizes = {
  readonly key: string
  readonly configured: number | undefined
  readonly fixed: number | undefined
}

function agreedSize(handler: ImageHandler, { key, configured, fixed }: Sizes): number {
  if (configured !== undefined && fixed !== undefined && configured !== fixed) {
    throw badSettings(handler, `has '${key}' ${configured}, but the graph takes ${fixed}`)
  }
  const size = configured ?? fixed
  if (size === undefined) throw badSettings(handler, `needs '${key}': the graph takes any`)
  return size
}

import sharp, { type ResizeOptions } from 'sharp'
import { messageOf, ServingError } from '../../contract/errors.ts'
import type { RequestPart } from '../../contract/messages.ts'
import type { ImageConfig, ImageSize } from './config.ts'
import type { ImageSettings } from '../../../archiver-cli/format/handler-settings/image.ts'

// Each worker thread decodes for itself; libvips must not start a thread for each core in each of them.
sharp.concurrency(1)
sharp.cache(false)

/** RGB, 8 bits each, row by row. */
export type Pixels = { readonly width: number; readonly height: number; readonly data: Uint8Array }

/**
 * Decodes a JPEG, PNG or WebP image, upright by its EXIF orientation, without transparency, at the size that the
 * configuration asks for; with `shorterSide`, not yet cropped.
 *
 * @throws ServingError `invalid_argument` naming the part.
 */
export async function decodeImage(part: RequestPart, config: ImageConfig): Promise<Pixels> {
  const { bytes } = part
  if (!isImage(bytes)) {
    const start = Buffer.from(bytes.subarray(0, 8)).toString('hex')
    const found = bytes.byteLength === 0 ? 'is empty' : `starts with ${start}`
    throw undecodable(part, `it ${found}; JPEG, PNG and WebP are decoded`)
  }
  if (config.shorterSide !== undefined) await checkResized(part, config.shorterSide, config.maxPixels)
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: config.maxPixels, failOn: 'error' })
      .autoOrient()
      .resize(resizeOptions(config))
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, data }
  } catch (error) {
    throw undecodable(part, messageOf(error), error)
  }
}

/**
 * The values of one image as the graph takes them: the centre of the pixels, scaled and normalized, in the layout
 * of the configuration.
 */
export function valuesFromPixels(pixels: Pixels, config: ImageConfig): Float32Array {
  const { width, height, channels, layout, invert } = config
  const values = new Float32Array(width * height * channels)
  const left = Math.round((pixels.width - width) / 2)
  const top = Math.round((pixels.height - height) / 2)
  const [channelStride, pixelStride] = layout === 'NCHW' ? [width * height, 1] : [1, channels]
  const value = normalizer(config)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((top + y) * pixels.width + left + x) * 3
      const to = (y * width + x) * pixelStride
      for (let channel = 0; channel < channels; channel++) {
        const pixel = channels === 1 ? luma(pixels.data, from) : (pixels.data[from + channel] ?? 0)
        values[to + channel * channelStride] = value(invert ? 255 - pixel : pixel, channel)
      }
    }
  }
  return values
}

/** By its shorter side, a narrow strip of few pixels grows to gigabytes before it is cropped. */
async function checkResized(part: RequestPart, shorterSide: number, maxPixels: number): Promise<void> {
  const { width, height } = await uprightSize(part)
  const scale = shorterSide / Math.min(width, height)
  if (width * height * scale * scale <= maxPixels) return
  const problem = `its ${width}x${height} pixels would be more than ${maxPixels} with a shorter side of ${shorterSide}`
  throw undecodable(part, problem)
}

function normalizer({ scale, mean, std }: ImageSettings): (pixel: number, channel: number) => number {
  return (pixel, channel) => {
    const channelMean = mean[channel] ?? mean[0] ?? 0
    const channelStd = std[channel] ?? std[0] ?? 1
    return (pixel * scale - channelMean) / channelStd
  }
}

/** ITU-R 601 luma in the 16-bit integer arithmetic of Pillow's `convert('L')`, so that training and serving agree. */
function luma(data: Uint8Array, from: number): number {
  const [red = 0, green = 0, blue = 0] = [data[from], data[from + 1], data[from + 2]]
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
}

/** Width and height of an image that stands upright. @throws ServingError `invalid_argument` naming the part. */
export async function uprightSize(part: RequestPart): Promise<Omit<ImageSize, 'channels'>> {
  try {
    return (await sharp(part.bytes).metadata()).autoOrient
  } catch (error) {
    throw undecodable(part, messageOf(error), error)
  }
}

function resizeOptions({
  width,
  height,
  resize,
  shorterSide,
  interpolation,
  bars,
}: ImageConfig): ResizeOptions {
  // Fast shrinking on load would make the answer depend on the image's format.
  const how = { kernel: interpolation, fastShrinkOnLoad: false }
  if (shorterSide !== undefined) return { width: shorterSide, height: shorterSide, fit: 'outside', ...how }
  const fit = resize === 'stretch' ? 'fill' : resize
  return { width, height, fit, background: { r: bars, g: bars, b: bars }, ...how }
}

/** By the first bytes: libvips knows many more formats, among them SVG, which may refer to other files. */
export function isImage(bytes: Uint8Array): boolean {
  const ascii = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  return (
    ascii.startsWith('\xff\xd8\xff') ||
    ascii.startsWith('\x89PNG\r\n\x1a\n') ||
    (ascii.startsWith('RIFF') && ascii.endsWith('WEBP'))
  )
}

function undecodable({ name, fileName }: RequestPart, problem: string, cause?: unknown): ServingError {
  const file = fileName === undefined ? '' : ` (${fileName})`
  return new ServingError('invalid_argument', `'${name}'${file} cannot be decoded as an image: ${problem}`, {
    cause,
    reason: 'image',
  })
}

import sharp from 'sharp'
import { seededRandom } from '../../../test/support/random.ts'

/** As few large patches as a photograph has: noise of single pixels would be slower to decode than any. */
const PATCHES = 16
const CHANNELS = 3

/** A square image that is always the same. */
export function jpeg(pixels: number): Promise<Buffer> {
  const random = seededRandom(7)
  const patches = Buffer.from(Array.from({ length: PATCHES * PATCHES * CHANNELS }, () => random() * 256))
  return sharp(patches, { raw: { width: PATCHES, height: PATCHES, channels: CHANNELS } })
    .resize(pixels, pixels, { kernel: 'cubic' })
    .jpeg({ quality: 90 })
    .toBuffer()
}

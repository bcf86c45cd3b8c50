import sharp from 'sharp'
import type { Handler } from '../handler.ts'
import { classMapFrom, pixelsJson, runsOf, type ClassMap } from './image/class-map.ts'
import { imageHandler } from './image/image-handler.ts'

/**
 * Says of each pixel of one image per request to which class it belongs: see {@link imageHandler}.
 *
 * The answer has the size of the graph's first output. By default it is `[height][width][class, probability]`, as
 * TorchServe's handler of this name gives it, which is large; the setting `answer` has smaller ones.
 */
export function imageSegmenter(): Handler {
  return imageHandler('image_segmenter', ({ name, tensor }, { response }, { config, labelOf }) => {
    const map = classMapFrom(name, tensor, config.softmax)
    switch (config.answer) {
      case 'pixels':
        response.contentType ??= 'application/json'
        return pixelsJson(map)
      case 'runs': {
        const kinds = [...new Set(map.classes)].sort((a, b) => a - b)
        const labels = Object.fromEntries(kinds.map((kind) => [kind, labelOf(kind)]))
        return { width: map.width, height: map.height, labels, runs: runsOf(map) }
      }
      case 'png':
        response.contentType ??= 'image/png'
        return pngOf(map)
    }
  })
}

/** Grey is the class; of more than 256 classes, the higher ones are 255. */
async function pngOf({ width, height, classes }: ClassMap): Promise<Uint8Array> {
  const grey = Uint8ClampedArray.from(classes)
  return sharp(grey, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
}

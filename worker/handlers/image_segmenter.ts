import sharp from 'sharp'
import type { HandlerSettings } from '../../archiver-cli/format/handler-settings/schemas.ts'
import type { TensorMetadata } from '../contract/tensor.ts'
import type { Handler, HandlerAnswer, HandlerRequest } from '../handler.ts'
import { classMapFrom, pixelsJson, runsOf, type ClassMap } from './image/class-map.ts'
import { imageConfig, type ImageSize } from './image/config.ts'
import { sentImage } from './image/request.ts'
import { imageInput, imageTensor } from './image/tensor.ts'
import { loadLabels, type LabelOf } from './labels.ts'
import { whenInitialized } from './ready.ts'

type Ready = {
  readonly config: HandlerSettings<'image_segmenter'> & ImageSize
  readonly input: TensorMetadata
  readonly labelOf: LabelOf
}

/**
 * Says of each pixel of one image per request to which class it belongs: see {@link sentImage} for its forms.
 *
 * The answer has the size of the graph's first output. By default it is `[height][width][class, probability]`, as
 * TorchServe's handler of this name gives it, which is large; the setting `answer` has smaller ones. Tensors that a
 * dialect has decoded are run as they are and answered as tensors.
 */
export function imageSegmenter(): Handler {
  const ready = whenInitialized<Ready>()
  return {
    async initialize(context) {
      const input = imageInput('image_segmenter', context)
      const config = imageConfig('image_segmenter', context.config, input)
      ready.set({ config, input, labelOf: await loadLabels(config, context.modelDir) })
    },

    async preprocess(request) {
      if (request.tensors !== undefined) return request.tensors
      const { config, input } = ready.get()
      return [await imageTensor(sentImage(request), input, config)]
    },

    postprocess(outputs, request, context) {
      if (request.tensors !== undefined) return context.outputs.flatMap(({ name }) => outputs[name] ?? [])
      const { config } = ready.get()
      const name = context.outputs[0]?.name ?? ''
      return answerOf(classMapFrom(name, outputs[name], config.softmax), request, ready.get())
    },
  }
}

function answerOf(
  map: ClassMap,
  request: HandlerRequest,
  { config, labelOf }: Ready,
): HandlerAnswer | Promise<HandlerAnswer> {
  switch (config.answer) {
    case 'pixels':
      request.response.contentType ??= 'application/json'
      return pixelsJson(map)
    case 'runs': {
      const kinds = [...new Set(map.classes)].sort((a, b) => a - b)
      const labels = Object.fromEntries(kinds.map((kind) => [kind, labelOf(kind)]))
      return { width: map.width, height: map.height, labels, runs: runsOf(map) }
    }
    case 'png':
      request.response.contentType ??= 'image/png'
      return pngOf(map)
  }
}

/** Grey is the class; of more than 256 classes, the higher ones are 255. */
async function pngOf({ width, height, classes }: ClassMap): Promise<Uint8Array> {
  const grey = Uint8ClampedArray.from(classes)
  return sharp(grey, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
}

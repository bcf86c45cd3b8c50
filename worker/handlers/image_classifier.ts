import type { HandlerSettings } from '../../archiver-cli/format/handler-settings/schemas.ts'
import type { TensorMetadata } from '../contract/tensor.ts'
import type { Handler } from '../handler.ts'
import { imageConfig, type ImageSize } from './image/config.ts'
import { sentImage } from './image/request.ts'
import { imageInput, imageTensor } from './image/tensor.ts'
import { loadLabels, type LabelOf } from './labels.ts'
import { whenInitialized } from './ready.ts'
import { labelledJson, numbersOf } from './scores.ts'
import { softmax, topIndexes } from './top-k.ts'

type Ready = {
  readonly config: HandlerSettings<'image_classifier'> & ImageSize
  readonly input: TensorMetadata
  readonly labelOf: LabelOf
}

/**
 * Classifies one image per request: see {@link sentImage} for its forms.
 *
 * The answer is `{label: probability, …}`, the `topK` likeliest first, as TorchServe's handler of this name gives
 * it. How images become tensors is configured, see {@link imageConfig}. Tensors that a dialect has decoded are run
 * as they are and answered as tensors.
 */
export function imageClassifier(): Handler {
  const ready = whenInitialized<Ready>()
  return {
    async initialize(context) {
      const input = imageInput('image_classifier', context)
      const config = imageConfig('image_classifier', context.config, input)
      ready.set({ config, input, labelOf: await loadLabels(config, context.modelDir) })
    },

    async preprocess(request) {
      if (request.tensors !== undefined) return request.tensors
      const { config, input } = ready.get()
      return [await imageTensor(sentImage(request), input, config)]
    },

    postprocess(outputs, request, context) {
      if (request.tensors !== undefined) return context.outputs.flatMap(({ name }) => outputs[name] ?? [])
      const { config, labelOf } = ready.get()
      const name = context.outputs[0]?.name ?? ''
      // The first output, whatever its rank beyond the row.
      const scores = numbersOf(name, outputs[name])
      const probabilities = config.softmax ? softmax(scores) : scores
      request.response.contentType ??= 'application/json'
      const likeliest = topIndexes(probabilities, config.topK)
      return labelledJson(likeliest.map((index) => [labelOf(index), probabilities[index] ?? 0]))
    },
  }
}

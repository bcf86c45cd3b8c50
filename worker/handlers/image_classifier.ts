import type { Handler } from '../handler.ts'
import { imageHandler } from './image/image-handler.ts'
import { labelledJson, numbersOf } from './scores.ts'
import { softmax, topIndexes } from './top-k.ts'

/**
 * Classifies one image per request: see {@link imageHandler}.
 *
 * The answer is `{label: probability, …}`, the `topK` likeliest first, as TorchServe's handler of this name gives
 * it; the scores are the first output's, whatever its rank beyond the row.
 */
export function imageClassifier(): Handler {
  return imageHandler('image_classifier', ({ name, tensor }, { response }, { config, labelOf }) => {
    const scores = numbersOf(name, tensor)
    const probabilities = config.softmax ? softmax(scores) : scores
    response.contentType ??= 'application/json'
    const likeliest = topIndexes(probabilities, config.topK)
    return labelledJson(likeliest.map((index) => [labelOf(index), probabilities[index] ?? 0]))
  })
}

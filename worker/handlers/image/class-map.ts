import { sigmoid, softmax } from '../top-k.ts'
import type { Tensor } from '../../contract/tensor.ts'
import { ServingError } from '../../contract/errors.ts'
import { numbersOf } from '../scores.ts'

/** The likeliest class of each pixel, row by row, and how likely it is. */
export type ClassMap = {
  readonly width: number
  readonly height: number
  readonly classes: Uint16Array
  readonly probabilities: Float32Array
}

/**
 * From scores `[1, classes, height, width]`. A single class is what is there against what is not: class 1 where it
 * is likelier than not, else 0.
 *
 * @throws ServingError `internal` when the output has another form, or holds no floating-point numbers.
 */
export function classMapFrom(name: string, tensor: Tensor | undefined, hasLogits: boolean): ClassMap {
  const scores = numbersOf(name, tensor)
  const [rows, classes = 0, height = 0, width = 0] = tensor?.shape ?? []
  if (tensor?.shape.length !== 4 || rows !== 1) {
    throw new ServingError(
      'internal',
      `output '${name}' is expected as [1, classes, height, width], it is [${String(tensor?.shape)}]`,
    )
  }
  const map = {
    width,
    height,
    classes: new Uint16Array(width * height),
    probabilities: new Float32Array(width * height),
  }
  const size = width * height
  const column = new Float64Array(classes)
  for (let pixel = 0; pixel < size; pixel++) {
    for (let kind = 0; kind < classes; kind++) column[kind] = scores[kind * size + pixel] ?? 0
    const [kind, probability] = likeliest(column, hasLogits)
    map.classes[pixel] = kind
    map.probabilities[pixel] = probability
  }
  return map
}

function likeliest(scores: Float64Array, hasLogits: boolean): [kind: number, probability: number] {
  if (scores.length === 1) {
    const [presence = 0] = hasLogits ? sigmoid(scores) : scores
    return presence >= 0.5 ? [1, presence] : [0, 1 - presence]
  }
  let best = 0
  for (let kind = 1; kind < scores.length; kind++) if ((scores[kind] ?? 0) > (scores[best] ?? 0)) best = kind
  const probabilities = hasLogits ? softmax(scores) : scores
  return [best, probabilities[best] ?? 0]
}

/** `[class, count]` of each run of equal pixels, row by row over the whole image. */
export function runsOf({ classes }: ClassMap): [kind: number, count: number][] {
  const runs: [number, number][] = []
  for (const kind of classes) {
    const last = runs.at(-1)
    if (last?.[0] === kind) last[1]++
    else runs.push([kind, 1])
  }
  return runs
}

/** `[height][width][class, probability]` as JSON, written by hand: a million little arrays cost a second. */
export function pixelsJson({ width, height, classes, probabilities }: ClassMap): string {
  const rows: string[] = []
  for (let y = 0; y < height; y++) {
    const pixels: string[] = []
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      pixels.push(`[${classes[at] ?? 0},${probabilities[at] ?? 0}]`)
    }
    rows.push(`[${pixels.join(',')}]`)
  }
  return `[${rows.join(',')}]`
}

import { ServingError } from '../../contract/errors.ts'
import type { Tensor, TensorMetadata } from '../../contract/tensor.ts'
import type { HandlerSettings } from '../../../archiver-cli/format/handler-settings/schemas.ts'
import { badSettings } from '../../../archiver-cli/format/handler-settings/read-settings.ts'
import type { Outputs } from '../../handler.ts'
import { numbersOf } from '../scores.ts'
import { byScore, suppressed, type Detection } from './boxes.ts'
import type { ImageSize } from './config.ts'

type Settings = HandlerSettings<'object_detector'>
type Config = Settings & ImageSize

/** Reads what a graph has found in one image, the likeliest first. */
export type DetectionReader = (outputs: Outputs) => readonly Detection[]

/**
 * How the outputs of this graph are read.
 *
 * @throws ServingError `invalid_argument` when they are of neither format.
 */
export function detectionReader(config: Config, outputs: readonly TensorMetadata[]): DetectionReader {
  const format = config.format ?? (outputs.length === 1 ? 'yolo' : 'boxes')
  return format === 'yolo' ? yoloReader(config, outputs) : boxesReader(config, outputs)
}

function boxesReader(config: Config, outputs: readonly TensorMetadata[]): DetectionReader {
  const nameOf = (key: 'boxes' | 'labels' | 'scores', position: number): string => {
    const configured = config[`${key}Output`]
    const names = outputs.map(({ name }) => name)
    const name = configured ?? (names.includes(key) ? key : names[position])
    if (name !== undefined && names.includes(name)) return name
    throw badSettings(
      'object_detector',
      `needs an output of ${key} ('${key}Output'); the graph has ${names.map((each) => `'${each}'`).join(', ')}`,
    )
  }
  // The order of torchvision's export.
  const [boxes, labels, scores] = [nameOf('boxes', 0), nameOf('labels', 1), nameOf('scores', 2)]
  const [scaleX, scaleY] = config.normalized ? [config.width, config.height] : [1, 1]
  return (found) => {
    const corners = numbersOf(boxes, found[boxes])
    const certainties = numbersOf(scores, found[scores])
    const kinds = classesOf(labels, found[labels])
    const detections = Array.from({ length: certainties.length }, (_, index): Detection => {
      const at = (offset: number) => corners[index * 4 + offset] ?? 0
      return {
        box: [at(0) * scaleX, at(1) * scaleY, at(2) * scaleX, at(3) * scaleY],
        kind: kinds[index] ?? 0,
        score: certainties[index] ?? 0,
      }
    })
    const likely = detections.filter(({ score }) => score >= config.scoreThreshold)
    return byScore(likely).slice(0, config.maxDetections)
  }
}

function classesOf(name: string, tensor: Tensor | undefined): readonly number[] {
  switch (tensor?.dtype) {
    case 'INT64':
    case 'INT32':
    case 'UINT8':
    case 'FP32':
      return Array.from<number | bigint, number>(tensor.data, Number)
    default:
      throw new ServingError('internal', `output '${name}' holds no class numbers`)
  }
}

/** Box as centre and size, perhaps an objectness, then a score for each class; one such column per candidate. */
function yoloReader(config: Config, outputs: readonly TensorMetadata[]): DetectionReader {
  const [output] = outputs
  const name = output?.name ?? ''
  if (output?.shape.length !== 3) {
    throw badSettings(
      'object_detector',
      `reads 'yolo' from an output of three dimensions, which '${name}' has not`,
    )
  }
  return (found) => {
    const tensor = found[name]
    const values = numbersOf(name, tensor)
    const [, first = 0, last = 0] = tensor?.shape ?? []
    const [size, count] = config.candidates === 'first' ? [first, last] : [last, first]
    const [valueStride, candidateStride] = config.candidates === 'first' ? [count, 1] : [1, size]
    const detections: Detection[] = []
    for (let index = 0; index < count; index++) {
      const value = (position: number) => values[position * valueStride + index * candidateStride] ?? 0
      const detection = candidate(config, value, size)
      if (detection !== undefined) detections.push(detection)
    }
    return suppressed(detections, config)
  }
}

/** Undefined when it is less likely than the threshold. */
function candidate(config: Config, value: (position: number) => number, size: number): Detection | undefined {
  const start = config.objectness ? 5 : 4
  const objectness = config.objectness ? value(4) : 1
  let [kind, best] = [0, -Infinity]
  for (let position = start; position < size; position++) {
    if (value(position) > best) [kind, best] = [position - start, value(position)]
  }
  const score = objectness * best
  // Written so that a score that is no number is none.
  if (!(score >= config.scoreThreshold)) return undefined
  const [scaleX, scaleY] = config.normalized ? [config.width, config.height] : [1, 1]
  const [x, y, width, height] = [value(0) * scaleX, value(1) * scaleY, value(2) * scaleX, value(3) * scaleY]
  return { box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2], kind, score }
}

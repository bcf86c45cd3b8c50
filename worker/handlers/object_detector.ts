import type { HandlerSettings } from '../../archiver-cli/format/handler-settings/schemas.ts'
import { badSettings } from '../../archiver-cli/format/handler-settings/read-settings.ts'
import { isVariable, type TensorMetadata } from '../contract/tensor.ts'
import type { Handler, HandlerContext, HandlerRequest } from '../handler.ts'
import type { Detection } from './image/boxes.ts'
import { imageConfig, type ImageSize } from './image/config.ts'
import { detectionReader, type DetectionReader } from './image/detections.ts'
import { boxInImage, type Placement } from './image/placement.ts'
import { sentImage } from './image/request.ts'
import { imageInput, placedImageTensor } from './image/tensor.ts'
import { loadLabels, type LabelOf } from './labels.ts'
import { whenInitialized } from './ready.ts'

type Ready = {
  readonly config: HandlerSettings<'object_detector'> & ImageSize
  readonly input: TensorMetadata
  readonly read: DetectionReader
  readonly labelOf: LabelOf
}

/**
 * Finds things in one image per request: see {@link sentImage} for its forms.
 *
 * The answer is `[{label: [x1, y1, x2, y2], "score": …}, …]`, the likeliest first, as TorchServe's handler of this
 * name gives it; corners are pixels of the image as it was sent, upright. Tensors that a dialect has decoded are
 * run as they are and answered as tensors.
 */
export function objectDetector(): Handler {
  const ready = whenInitialized<Ready>()
  const placements = new WeakMap<HandlerRequest, Placement>()
  return {
    async initialize(context) {
      const input = imageInput('object_detector', context)
      const config = imageConfig('object_detector', context.config, input)
      const read = detectionReader(config, context.outputs)
      refuseSharedRuns(context, input)
      ready.set({ config, input, read, labelOf: await loadLabels(config, context.modelDir) })
    },

    async preprocess(request) {
      if (request.tensors !== undefined) return request.tensors
      const { config, input } = ready.get()
      const { tensor, placement } = await placedImageTensor(sentImage(request), input, config)
      placements.set(request, placement)
      return [tensor]
    },

    postprocess(outputs, request, context) {
      const placement = placements.get(request)
      if (placement === undefined) return context.outputs.flatMap(({ name }) => outputs[name] ?? [])
      const { read, labelOf } = ready.get()
      return read(outputs).map((detection) => answerOf(detection, placement, labelOf))
    },
  }
}

function answerOf({ box, kind, score }: Detection, placement: Placement, labelOf: LabelOf): object {
  return { [labelOf(kind)]: boxInImage(placement, box), score }
}

/**
 * Dimension 0 of `[found, 4]` counts what was found, not images: such a graph takes one image at a time, or the
 * boxes of one request would go to another.
 */
function refuseSharedRuns({ outputs, maxBatchRows }: HandlerContext, input: TensorMetadata): void {
  const counting = outputs.find(({ shape }) => shape.length < 3 && shape.at(-1) === 4)
  if (counting === undefined || maxBatchRows === 1 || !isVariable(input.shape[0])) return
  if (input.shape.length === 3) return
  throw badSettings(
    'object_detector',
    `needs 'maxBatchRows: 1' in model-config.yaml: '${counting.name}' counts boxes, so that images cannot share a run`,
  )
}

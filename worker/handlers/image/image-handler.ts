import type { HandlerSettings } from '../../../archiver-cli/format/handler-settings/schemas.ts'
import type { Tensor, TensorMetadata } from '../../contract/tensor.ts'
import type { Handler, HandlerAnswer, HandlerRequest } from '../../handler.ts'
import { loadLabels, type LabelOf } from '../labels.ts'
import { whenInitialized } from '../ready.ts'
import { imageConfig, type ImageHandler, type ImageSize } from './config.ts'
import { sentImage } from './request.ts'
import { imageInput, imageTensor } from './tensor.ts'

type Ready<H extends ImageHandler> = {
  readonly config: HandlerSettings<H> & ImageSize
  readonly input: TensorMetadata
  readonly labelOf: LabelOf
}

/** What a handler makes of the graph's first output for one image. */
export type ImageAnswer<H extends ImageHandler> = (
  output: { readonly name: string; readonly tensor: Tensor | undefined },
  request: HandlerRequest,
  ready: Ready<H>,
) => HandlerAnswer | Promise<HandlerAnswer>

/**
 * A handler of one image per request, see {@link sentImage} for its forms, whose answer follows from the graph's
 * first output. How images become tensors is configured, see {@link imageConfig}. Tensors that a dialect has
 * decoded are run as they are and answered as tensors.
 */
export function imageHandler<H extends ImageHandler>(name: H, answer: ImageAnswer<H>): Handler {
  const ready = whenInitialized<Ready<H>>()
  return {
    async initialize(context) {
      const input = imageInput(name, context)
      const config = imageConfig(name, context.config, input)
      ready.set({ config, input, labelOf: await loadLabels(config, context.modelDir) })
    },

    async preprocess(request) {
      if (request.tensors !== undefined) return request.tensors
      const { config, input } = ready.get()
      return [await imageTensor(sentImage(request), input, config)]
    },

    postprocess(outputs, request, context) {
      if (request.tensors !== undefined) return context.outputs.flatMap((each) => outputs[each.name] ?? [])
      const output = context.outputs[0]?.name ?? ''
      return answer({ name: output, tensor: outputs[output] }, request, ready.get())
    },
  }
}

import { readHandlerSettings, badSettings } from '../../archiver-cli/format/handler-settings/read-settings.ts'
import type { HandlerSettings } from '../../archiver-cli/format/handler-settings/schemas.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import type { Handler, HandlerContext } from '../handler.ts'
import { loadLabels, type LabelOf } from './labels.ts'
import { whenInitialized } from './ready.ts'
import { labelledJson, numbersOf } from './scores.ts'
import { TextEncoder, type Tokens } from './text/encode.ts'
import { sentTexts } from './text/request.ts'
import { sigmoid, softmax, topIndexes } from './top-k.ts'

type Settings = HandlerSettings<'text_classifier'>

type Ready = {
  readonly settings: Settings
  readonly encoder: TextEncoder
  readonly labelOf: LabelOf
  /** Tokens of every request, when the graph takes no other number. */
  readonly fixedTokens: number | undefined
}

/** What a graph of the BERT family takes; the first is required, no other is known. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids']

/**
 * Classifies texts: see {@link sentTexts} for the forms of a request, which may hold several.
 *
 * The answer is `{label: probability, …}`, the `topK` likeliest first, as TorchServe's handler of this name gives
 * it, or a list of these. Texts are padded to a multiple of `padToMultipleOf` tokens, so that requests of similar
 * length share a run of the graph; the attention mask keeps the padding out of the answer. Tensors that a dialect
 * has decoded are run as they are and answered as tensors.
 */
export function textClassifier(): Handler {
  const ready = whenInitialized<Ready>()
  const lists = new WeakSet<object>()
  return {
    async initialize(context) {
      const given = readHandlerSettings('text_classifier', context.config)
      const fixedTokens = checkInputs(context)
      const settings = { ...given, maxTokens: Math.min(given.maxTokens, fixedTokens ?? Infinity) }
      const { padToken, ...rest } = settings
      const encoder = await TextEncoder.load({
        modelDir: context.modelDir,
        ...rest,
        ...(padToken === undefined ? {} : { padToken }),
      })
      ready.set({ settings, encoder, labelOf: await loadLabels(settings, context.modelDir), fixedTokens })
    },

    preprocess(request, { inputs }) {
      if (request.tensors !== undefined) return request.tensors
      const { encoder, settings, fixedTokens } = ready.get()
      const { texts, isList } = sentTexts(request, settings.maxTexts)
      if (isList) lists.add(request)
      const rows = texts.map((text) => encoder.encode(text))
      const longest = Math.max(...rows.map(({ ids }) => ids.length))
      const width = fixedTokens ?? paddedWidth(longest, settings)
      return inputs.map((input) => inputTensor(input, rows, { width, padId: encoder.padId }))
    },

    postprocess(outputs, request, context) {
      if (request.tensors !== undefined) return context.outputs.flatMap(({ name }) => outputs[name] ?? [])
      const name = context.outputs[0]?.name ?? ''
      const tensor = outputs[name]
      const scores = Array.from(numbersOf(name, tensor))
      const rows = tensor?.shape[0] ?? 1
      const classes = scores.length / rows
      const answers = Array.from({ length: rows }, (_, row) =>
        answerOf(scores.slice(row * classes, (row + 1) * classes), ready.get()),
      )
      request.response.contentType ??= 'application/json'
      return lists.has(request) ? `[${answers.join(',')}]` : (answers[0] ?? '{}')
    },
  }
}

function answerOf(scores: readonly number[], { settings, labelOf }: Ready): string {
  const activate = { softmax, sigmoid, none: (values: readonly number[]) => values }[settings.activation]
  const probabilities = activate(scores)
  const likeliest = topIndexes(probabilities, settings.topK)
  return labelledJson(likeliest.map((index) => [labelOf(index), probabilities[index] ?? 0]))
}

/** @returns the number of tokens when the graph takes no other */
function checkInputs({ inputs, outputs }: HandlerContext): number | undefined {
  const ids = inputs.find(({ name }) => name === 'input_ids')
  const strange = inputs.find(
    ({ name, dtype, shape }) =>
      !INPUTS.includes(name) || !['INT64', 'INT32'].includes(dtype) || shape.length !== 2,
  )
  if (ids === undefined || strange !== undefined || outputs.length === 0) {
    const found = inputs.map(({ name, dtype }) => `'${name}' ${dtype}`).join(', ')
    throw badSettings(
      'text_classifier',
      `needs a graph whose inputs are ${INPUTS.join(', ')} (the first at least), INT64 or INT32 [rows, tokens]; it has ${found}`,
    )
  }
  const tokens = ids.shape[1]
  return typeof tokens === 'number' && tokens > 0 ? tokens : undefined
}

function paddedWidth(tokens: number, { padToMultipleOf, maxTokens }: Settings): number {
  return Math.min(Math.ceil(tokens / padToMultipleOf) * padToMultipleOf, maxTokens)
}

type Padding = { readonly width: number; readonly padId: number }

function inputTensor(input: TensorMetadata, rows: readonly Tokens[], { width, padId }: Padding): Tensor {
  const values = new Int32Array(rows.length * width).fill(input.name === 'input_ids' ? padId : 0)
  for (const [row, { ids, typeIds }] of rows.entries()) {
    const given = { input_ids: ids, attention_mask: ids.map(() => 1), token_type_ids: typeIds }[input.name]
    values.set(given ?? [], row * width)
  }
  const shape = [rows.length, width]
  const { name } = input
  if (input.dtype === 'INT32') return { name, dtype: 'INT32', shape, data: values }
  return { name, dtype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) }
}

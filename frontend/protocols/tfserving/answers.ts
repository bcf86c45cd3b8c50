import { sliceRows } from '../../../worker/contract/tensor-batch.ts'
import { tensorToJson, type NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { Form } from './codec.ts'
import { unfitAnswer } from './errors.ts'
import type { Signature } from './signatures.ts'

/*
 * Answers in JSON: `{"predictions": […]}` with an element for each row, or `{"outputs": …}` with whole tensors. A
 * single output has no name in either. Names are in their order.
 */

export type AnswerOptions = {
  /** How NaN and the infinities are written. */
  readonly nonFinite: NonFinite
}

type NamedOutput = { readonly alias: string; readonly tensor: Tensor }

/** @throws ServingError `invalid_argument` for rows of outputs that have none, `internal` for an output that lacks */
export function predictionsToJson(
  { signature, form }: { readonly signature: Signature; readonly form: Form },
  tensors: readonly Tensor[],
  options: AnswerOptions,
): string {
  const outputs = namedOutputs(signature, tensors)
  return form === 'row'
    ? `{"predictions":${rowsToJson(outputs, options)}}`
    : `{"outputs":${columnsToJson(outputs, options)}}`
}

/** The tensors of a signature's outputs by its names for them, sorted. */
export function namedOutputs(signature: Signature, tensors: readonly Tensor[]): NamedOutput[] {
  const outputs = signature.outputs.map(({ alias, tensor: { name } }) => {
    const tensor = tensors.find((each) => each.name === name)
    if (tensor === undefined) throw new Error(`the model did not answer its output '${name}'`)
    return { alias, tensor }
  })
  return outputs.sort((a, b) => (a.alias < b.alias ? -1 : 1))
}

function columnsToJson(outputs: readonly NamedOutput[], options: AnswerOptions): string {
  const [only, ...others] = outputs
  if (only !== undefined && others.length === 0) return outputToJson(only, options)
  return membersToJson(outputs, (output) => outputToJson(output, options))
}

function rowsToJson(outputs: readonly NamedOutput[], options: AnswerOptions): string {
  const rows = rowsOf(outputs)
  const [only, ...others] = outputs
  if (only !== undefined && others.length === 0) return outputToJson(only, options)
  const texts = Array.from({ length: rows }, (_, index) =>
    membersToJson(outputs, ({ alias, tensor }) =>
      outputToJson({ alias, tensor: sliceRows(tensor, index, 1) }, options, 1),
    ),
  )
  return `[${texts.join(',')}]`
}

/** How many rows the outputs have, all of them the same. */
function rowsOf(outputs: readonly NamedOutput[]): number {
  const [first] = outputs
  for (const { alias, tensor } of outputs) {
    const [rows] = tensor.shape
    if (rows === undefined) {
      throw unfitAnswer(
        `the output '${alias}' is a scalar and has no shape information for rows; ask with "inputs" instead of "instances"`,
      )
    }
    if (rows !== first?.tensor.shape[0]) {
      throw unfitAnswer(
        `inconsistent batch size: the output '${alias}' has ${rows} rows, '${first?.alias ?? ''}' has ${first?.tensor.shape[0] ?? 0}; ask with "inputs" instead of "instances"`,
      )
    }
  }
  return first?.tensor.shape[0] ?? 0
}

function membersToJson(outputs: readonly NamedOutput[], valueOf: (output: NamedOutput) => string): string {
  return `{${outputs.map((output) => `${JSON.stringify(output.alias)}:${valueOf(output)}`).join(',')}}`
}

/** Strings of an output whose name ends so are bytes. */
const BYTES_SUFFIX = '_bytes'

function outputToJson({ alias, tensor }: NamedOutput, { nonFinite }: AnswerOptions, from = 0): string {
  if (tensor.dtype !== 'BYTES' || !alias.endsWith(BYTES_SUFFIX)) {
    return tensorToJson(tensor, { from, nonFinite, bigIntegers: 'digits', floats: 'short' })
  }
  const encoded = { ...tensor, data: tensor.data.map((text) => Buffer.from(text).toString('base64')) }
  // Base64 has neither quotes nor escapes: every string is found whole.
  return tensorToJson(encoded, { from }).replace(/"[^"]*"/g, '{"b64":$&}')
}

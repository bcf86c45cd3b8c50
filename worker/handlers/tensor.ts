import { missingInput, unknownInput } from '../contract/check-feeds.ts'
import { ServingError } from '../contract/errors.ts'
import { parseExactJson } from '../contract/exact-json.ts'
import type { RequestPart } from '../contract/messages.ts'
import { tensorsFromPlainJson } from '../contract/plain-json-tensors.ts'
import { tensorFromJson, type ParsedTensor } from '../contract/tensor-from-json.ts'
import { tensorToJson } from '../contract/tensor-to-json.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import { textOf } from '../contract/text.ts'
import type { Handler, HandlerContext, HandlerRequest, Outputs } from '../handler.ts'

/**
 * Serves any graph from its own metadata; the handler of an archive that names none.
 *
 *   {"x": [[1, 2], [3, 4]]}      rows by input name
 *   [[1, 2], [3, 4]]             the rows, when the graph has one input
 *   {"x": [1, 2]} or [1, 2]      a single row; the answer then is a single row too
 *   x=[[1, 2]]                   a form field or multipart part for each input, JSON each
 *
 * The answer is `{"y": [[…], […]]}` by output name. Values that JSON has no number for travel as strings, both
 * ways: "NaN", "Infinity", "-Infinity", and integers beyond ±(2^53-1). Tensors that a dialect has decoded are
 * answered as tensors.
 */
export function tensorHandler(): Required<Pick<Handler, 'preprocess' | 'postprocess'>> {
  /** Requests whose inputs came without the dimension of the rows: their answers go without it as well. */
  const singleRows = new WeakSet<HandlerRequest>()
  return {
    preprocess(request, { inputs }) {
      if (request.tensors !== undefined) return request.tensors
      const parsed = parseInputs(request, inputs)
      if (parsed.length > 0 && parsed.every(({ isSingleRow }) => isSingleRow)) singleRows.add(request)
      return parsed.map(({ tensor }) => tensor)
    },

    postprocess(outputs, request, context) {
      const tensors = tensorsOf(outputs, context)
      if (request.tensors !== undefined) return tensors
      request.response.contentType ??= 'application/json'
      return jsonFromOutputs(tensors, singleRows.has(request))
    },
  }
}

function parseInputs(request: HandlerRequest, inputs: readonly TensorMetadata[]): ParsedTensor[] {
  const [first, ...others] = request.parts
  const isBody =
    first !== undefined && others.length === 0 && (first.name === 'body' || first.name === 'data')
  return isBody ? fromBody(first, inputs) : fromFields(request.parts, inputs)
}

function fromBody(part: RequestPart, inputs: readonly TensorMetadata[]): ParsedTensor[] {
  const plain = tensorsFromPlainJson(part.bytes, inputs)
  if (plain !== undefined) return plain
  const value = parseExactJson(textOf(part.bytes), 'the body')
  const [only] = inputs
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return fromRecord(value, inputs)
  if (inputs.length === 1 && only !== undefined) return [tensorFromJson(only, value)]
  const names = inputs.map(({ name }) => `"${name}": …`).join(', ')
  throw new ServingError('invalid_argument', `the body must be a JSON object of the inputs: {${names}}`, {
    reason: 'input',
  })
}

function fromRecord(record: object, inputs: readonly TensorMetadata[]): ParsedTensor[] {
  const parsed = inputs.map((input) => {
    if (!Object.hasOwn(record, input.name)) throw absent(input, Object.keys(record), inputs)
    return tensorFromJson(input, (record as Record<string, unknown>)[input.name]) // parsed JSON
  })
  if (Object.keys(record).length > inputs.length) refuseUnknown(Object.keys(record), inputs)
  return parsed
}

function fromFields(parts: readonly RequestPart[], inputs: readonly TensorMetadata[]): ParsedTensor[] {
  const names = parts.map(({ name }) => name)
  const parsed = inputs.map((input) => {
    const part = parts.find(({ name }) => name === input.name)
    if (part === undefined) throw absent(input, names, inputs)
    return tensorFromJson(input, parseExactJson(textOf(part.bytes), `the field '${input.name}'`))
  })
  refuseUnknown(names, inputs)
  return parsed
}

/** A misspelt name is the likelier mistake than a forgotten one. */
function absent(
  input: TensorMetadata,
  given: readonly string[],
  inputs: readonly TensorMetadata[],
): ServingError {
  const unknown = given.find((name) => !inputs.some((each) => each.name === name))
  return unknown === undefined ? missingInput(input) : unknownInput(unknown, inputs)
}

function refuseUnknown(names: readonly string[], inputs: readonly TensorMetadata[]): void {
  const unknown = names.find((name) => !inputs.some((input) => input.name === name))
  if (unknown !== undefined) throw unknownInput(unknown, inputs)
}

function tensorsOf(outputs: Outputs, { outputs: metadata }: HandlerContext): Tensor[] {
  const tensors: Tensor[] = []
  for (const { name } of metadata) {
    const tensor = outputs[name]
    if (tensor !== undefined) tensors.push(tensor)
  }
  return tensors
}

function jsonFromOutputs(tensors: readonly Tensor[], isSingleRow: boolean): string {
  const members = tensors.map((tensor) => {
    const from = isSingleRow && tensor.shape[0] === 1 ? 1 : 0
    return `${JSON.stringify(tensor.name)}:${tensorToJson(tensor, { from })}`
  })
  return `{${members.join(',')}}`
}

import { parseExactJson } from '../../../worker/contract/exact-json.ts'
import type { TensorsPayload } from '../../../worker/contract/messages.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { badRequest, noSuchSignature } from './errors.ts'
import { firstFraction, mayHaveFractions, pointerOf, type JsonPath } from './integer-tokens.ts'
import { isBase64, tensorFromNested } from './nested-values.ts'
import {
  DEFAULT_SIGNATURE,
  signatureOf,
  signaturesOf,
  unknownAlias,
  wantedOutputs,
  type Signature,
  type SignatureSource,
  type SignatureTensor,
} from './signatures.ts'

/*
 * Predictions in JSON. A request is either a list of rows, whose number becomes dimension 0,
 *   {"signature_name": "serving_default", "instances": [{"x": [1, 2]}, {"x": [3, 4]}]}
 * or columns, whose shapes are exactly their nesting:
 *   {"inputs": {"x": [[1, 2], [3, 4]]}}
 * With a single input its name may be left out in both. The answer has the same form.
 */

/** Which of the two; the answer follows it. */
export type Form = 'row' | 'columnar'

export type PredictRequest = {
  readonly signature: Signature
  readonly form: Form
  readonly payload: TensorsPayload
}

type Members = Readonly<Record<string, unknown>>

/** The body of a request as a JSON object. @throws ServingError `invalid_argument` */
export function objectFrom(text: string): Members {
  const value = parseExactJson(text, 'the request body')
  if (isMembers(value)) return value
  throw badRequest(
    `the request body is ${shownValue(value)}, expected a JSON object such as {"instances": […]}`,
  )
}

/** @param text of which `body` was made; absent: numbers with a fraction pass where they are integers */
export function predictRequestFrom(body: Members, metadata: SignatureSource, text?: string): PredictRequest {
  const signature = chosenSignature(body, metadata)
  const { instances, inputs } = body
  if (instances !== undefined && inputs !== undefined) {
    throw badRequest(
      `the request body has both 'instances' (rows) and 'inputs' (columns); expected one of them`,
    )
  }
  if (instances === undefined && inputs === undefined) {
    throw badRequest(`Missing 'inputs' or 'instances' key: the request body must have one of them`)
  }
  const form = inputs === undefined ? 'row' : 'columnar'
  const tensors = form === 'row' ? fromRows(signature, instances) : fromColumns(signature, inputs)
  if (text !== undefined) refuseFractions(signature, text)
  const outputs = wantedOutputs(signature.outputs, metadata)
  return {
    signature,
    form,
    payload: { kind: 'tensors', tensors, ...(outputs === undefined ? {} : { outputs }) },
  }
}

/** The signature that a body names. @throws ServingError `failed_precondition` | `invalid_argument` */
export function chosenSignature(body: Members, metadata: SignatureSource): Signature {
  const { signature_name: name = DEFAULT_SIGNATURE } = body
  if (typeof name !== 'string') throw badRequest(`/signature_name is ${shownValue(name)}, expected a string`)
  const signature = signatureOf(metadata, name === '' ? DEFAULT_SIGNATURE : name)
  if (signature !== undefined) return signature
  throw noSuchSignature(
    name,
    signaturesOf(metadata).map((each) => each.name),
  )
}

function fromRows(signature: Signature, instances: unknown): readonly Tensor[] {
  if (!Array.isArray(instances)) {
    throw badRequest(`/instances is ${shownValue(instances)}, expected a list with an element for each row`)
  }
  if (instances.length === 0) throw badRequest(`/instances is empty, expected at least one row`)
  const rows: readonly unknown[] = instances
  const [only, ...others] = signature.inputs
  if (only !== undefined && others.length === 0 && !rows.some(isNamedRow)) {
    return [tensorFromNested({ input: only, value: rows, pointer: under(['instances']) })]
  }
  for (const [index, row] of rows.entries()) checkNamedRow(signature, row, index)
  return signature.inputs.map((input) => {
    const { alias } = input
    const value = rows.map((row) => (row as Members)[alias]) // checkNamedRow has seen it
    const pointer = ([index, ...rest]: readonly number[]) =>
      pointerOf(index === undefined ? ['instances'] : ['instances', index, alias, ...rest])
    return tensorFromNested({ input, value, pointer })
  })
}

function isNamedRow(row: unknown): row is Members {
  return isMembers(row) && !isBase64(row)
}

/** The keys of a row are the names of the inputs, no more and no fewer. */
function checkNamedRow({ inputs }: Signature, row: unknown, index: number): asserts row is Members {
  const at = pointerOf(['instances', index])
  const names = inputs.map(({ alias }) => alias).join(', ')
  if (!isMembers(row)) throw badRequest(`${at} is ${shownValue(row)}, expected an object with: ${names}`)
  for (const { alias } of inputs) {
    if (!Object.hasOwn(row, alias)) throw badRequest(`${at} lacks the input '${alias}', expected: ${names}`)
  }
  for (const name of Object.keys(row)) {
    if (!inputs.some(({ alias }) => alias === name))
      throw unknownAlias(name, inputs, pointerOf(['instances', index, name]))
  }
}

function fromColumns({ inputs }: Signature, columns: unknown): readonly Tensor[] {
  const [only, ...others] = inputs
  const isBare = !isMembers(columns) || isBase64(columns)
  if (only !== undefined && others.length === 0 && isBare) {
    return [tensorFromNested({ input: only, value: columns, pointer: under(['inputs']) })]
  }
  const names = inputs.map(({ alias }) => alias).join(', ')
  if (!isMembers(columns))
    throw badRequest(`/inputs is ${shownValue(columns)}, expected an object with: ${names}`)
  return inputs.map((input) => {
    const { alias } = input
    if (!Object.hasOwn(columns, alias)) throw missingColumn(alias, columns, inputs)
    return tensorFromNested({ input, value: columns[alias], pointer: under(['inputs', alias]) })
  })
}

/** A misspelt name is the likelier mistake: others beside the inputs are no error of their own. */
function missingColumn(alias: string, columns: Members, inputs: readonly SignatureTensor[]): Error {
  const unknown = Object.keys(columns).find((name) => !inputs.some((each) => each.alias === name))
  if (unknown !== undefined) return unknownAlias(unknown, inputs, pointerOf(['inputs', unknown]))
  return badRequest(
    `/inputs lacks the input '${alias}', expected: ${inputs.map((each) => each.alias).join(', ')}`,
  )
}

function under(base: JsonPath): (indexes: readonly number[]) => string {
  return (indexes) => pointerOf([...base, ...indexes])
}

const INTEGER_TYPE = /^U?INT/

/** `1.0` is no integer where an integer is expected. */
function refuseFractions({ inputs }: Signature, text: string): void {
  const integers = inputs.filter(({ tensor }) => INTEGER_TYPE.test(tensor.dtype))
  if (integers.length === 0 || !mayHaveFractions(text)) return
  const isIntegers = ([key, ...rest]: JsonPath): boolean => {
    if (key !== 'instances' && key !== 'inputs') return false
    const name = rest.find((step) => typeof step === 'string')
    return name === undefined ? inputs.length === 1 : integers.some(({ alias }) => alias === name)
  }
  const found = firstFraction(text, isIntegers)
  if (found === undefined) return
  throw badRequest(
    `${shownValue(found.token)} at ${pointerOf(found.path)} is no integer, which the input expects`,
  )
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { isUtf8 } from 'node:buffer'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import { tensorToJson } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import type { AnswerOptions } from './answers.ts'
import { classesOf, regressionsOf, requireMethod } from './classification.ts'
import { chosenSignature } from './codec.ts'
import { badRequest } from './errors.ts'
import { tensorsFromExamples, type Example, type FeatureValues } from './features.ts'
import { pointerOf } from './integer-tokens.ts'
import { bytesFromBase64, isBase64 } from './nested-values.ts'
import { wantedOutputs } from './signatures.ts'

/*
 * Classify and regress in JSON: examples are flat objects of features, `context` has the features that they share.
 *   {"signature_name": "classify", "context": {"unit": "cm"}, "examples": [{"length": 5.1}, {"length": [4.9]}]}
 * The answer is {"results": [[["setosa", 0.9], ["virginica", 0.1]], …]} or {"results": [0.5, …]}.
 */

type Members = Readonly<Record<string, unknown>>
type Asked = {
  readonly metadata: VersionMetadata
  readonly verb: 'classify' | 'regress'
  readonly answers: AnswerOptions
  /** Of an input, whatever its examples share. */
  readonly maxBytes: number
}

/** @throws ServingError `invalid_argument` | `failed_precondition` */
export function examplesRequestFrom(body: Members, { metadata, verb, answers, maxBytes }: Asked) {
  const signature = chosenSignature(body, metadata)
  requireMethod(signature, verb)
  const tensors = tensorsFromExamples(signature, examplesFrom(body), maxBytes)
  const outputs = wantedOutputs(signature.outputs, metadata)
  const render = (answered: readonly Tensor[]): string => {
    if (verb === 'regress')
      return results(regressionsOf(signature, answered).map((value) => floatText(value, answers)))
    const classes = classesOf(signature, answered, metadata)
    return results(
      classes.map((each) =>
        list(each.map(({ label, score }) => list([JSON.stringify(label), floatText(score, answers)]))),
      ),
    )
  }
  return {
    payload: { kind: 'tensors' as const, tensors, ...(outputs === undefined ? {} : { outputs }) },
    render,
  }
}

function examplesFrom({ context, examples }: Members): readonly Example[] {
  if (!Array.isArray(examples))
    throw badRequest(`/examples is ${shownValue(examples)}, expected a list of objects`)
  const shared = context === undefined ? undefined : featuresFrom(context, '/context')
  return (examples as readonly unknown[]).map((example, index) => {
    const at = pointerOf(['examples', index])
    const own = featuresFrom(example, at)
    // What an example says itself wins over what all share.
    return { at, features: { get: (name) => own.get(name) ?? shared?.get(name) } }
  })
}

function featuresFrom(example: unknown, at: string): ReadonlyMap<string, FeatureValues> {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) {
    throw badRequest(`${at} is ${shownValue(example)}, expected an object of features`)
  }
  return new Map(
    Object.entries(example).map(([name, value]) => [name, valuesFrom(value, at + pointerOf([name]))]),
  )
}

/** A value, or a list of values of one kind. */
function valuesFrom(value: unknown, at: string): FeatureValues {
  if (!Array.isArray(value)) return [plainValue(value, at)]
  const values = (value as readonly unknown[]).map((each, index) => plainValue(each, `${at}/${index}`))
  const odd = values.findIndex((each) => (typeof each === 'string') !== (typeof values[0] === 'string'))
  if (odd === -1) return values
  throw badRequest(`${at}/${odd} is ${shownValue(values[odd])}, of another kind than the values before it`)
}

function plainValue(value: unknown, at: string): unknown {
  if (isBase64(value)) {
    const bytes = bytesFromBase64(value.b64, `${at}/b64`)
    if (isUtf8(bytes)) return bytes.toString()
    throw badRequest(`${at}/b64 does not encode UTF-8 text, and the strings of this runtime are text`)
  }
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value
  throw badRequest(`${at} is ${shownValue(value)}, expected a number, a string, true, false or {"b64": "…"}`)
}

/** Scores are 32-bit floats, as in the protocol's messages. */
function floatText(value: number, { nonFinite }: AnswerOptions): string {
  const tensor = { name: '', dtype: 'FP32', shape: [], data: Float32Array.of(value) } as const
  return tensorToJson(tensor, { nonFinite, floats: 'short' })
}

function list(texts: readonly string[]): string {
  return `[${texts.join(',')}]`
}

function results(texts: readonly string[]): string {
  return `{"results":${list(texts)}}`
}

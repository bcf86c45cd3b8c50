import { isUtf8 } from 'node:buffer'
import { textOf } from '../../../worker/contract/text.ts'
import { eachField, FIXED32, LENGTH_DELIMITED, Varints } from '../kernel/protobuf-wire.ts'
import { badRequest } from './errors.ts'
import type { Example, FeatureValues } from './features.ts'

/*
 * `tensorflow.serving.Input` from its bytes: a list of `tf.Example`, perhaps with one whose features they share. A
 * feature is read when a signature asks for it.
 *
 *   Input { ExampleList { Example { Features { "length" → Feature { FloatList [5.1] } } } } }
 */

/** More rows than any engine takes at once; each costs memory before it is looked at. */
const MAX_EXAMPLES = 65_536
const MAX_FEATURES = 4096

const EXAMPLE_LIST = 1
const LIST_WITH_CONTEXT = 2
const EXAMPLES = 1
const CONTEXT = 2

/** @throws ServingError `invalid_argument` */
export function examplesFromProto(input: Uint8Array): readonly Example[] {
  const lists = fieldsOf(input, 'input')
  const [list] = lists.filter(({ number }) => number === EXAMPLE_LIST || number === LIST_WITH_CONTEXT)
  if (list === undefined) throw badRequest('Input is empty: the field input needs an example_list')
  const at = list.number === EXAMPLE_LIST ? 'input/example_list' : 'input/example_list_with_context'
  const members = fieldsOf(list.value, at)
  const examples = members.filter(({ number }) => number === EXAMPLES)
  const context =
    list.number === LIST_WITH_CONTEXT ? members.find(({ number }) => number === CONTEXT) : undefined
  const shared = context === undefined ? undefined : featuresOf(context.value, `${at}/context`)
  return examples.map(({ value }, index) => {
    const here = `${at}/examples/${index}`
    const own = featuresOf(value, here)
    return {
      at: here,
      features: { get: (name) => own.get(name) ?? shared?.get(name) },
    }
  })
}

type Field = { readonly number: number; readonly value: Uint8Array }

/** The messages within a message. */
function fieldsOf(bytes: Uint8Array, at: string): readonly Field[] {
  const fields: Field[] = []
  const isMessage = eachField(bytes, ({ number, type, value }) => {
    fields.push({ number, value })
    if (fields.length > MAX_EXAMPLES + 1) throw badRequest(`${at} has more than ${MAX_EXAMPLES} examples`)
    return type === LENGTH_DELIMITED
  })
  if (!isMessage) throw badRequest(`${at} is not the message of protobuf that belongs there`)
  return fields
}

const FEATURES = 1
const FEATURE = 1
const KEY = 1
const VALUE = 2

function featuresOf(example: Uint8Array, at: string): Pick<Map<string, FeatureValues>, 'get'> {
  const features = new Map<string, Uint8Array>()
  const isMessage = eachField(example, (inExample) =>
    inExample.number !== FEATURES
      ? true
      : eachField(inExample.value, (inFeatures) => {
          if (inFeatures.number !== FEATURE) return true
          if (features.size >= MAX_FEATURES) throw badRequest(`${at} has more than ${MAX_FEATURES} features`)
          let name = ''
          let feature: Uint8Array = new Uint8Array()
          const isEntry = eachField(inFeatures.value, ({ number, value }) => {
            if (number === KEY) name = textOf(value)
            if (number === VALUE) feature = value
            return true
          })
          features.set(name, feature)
          return isEntry
        }),
  )
  if (!isMessage) throw badRequest(`${at} is not an Example of protobuf`)
  const read = new Map<string, FeatureValues>()
  return {
    // What many examples share is read once.
    get: (name) => {
      const feature = features.get(name)
      if (feature === undefined) return undefined
      const values = read.get(name) ?? valuesOf(feature, `${at}/${name}`)
      read.set(name, values)
      return values
    },
  }
}

const BYTES_LIST = 1
const FLOAT_LIST = 2
const INT64_LIST = 3
const LIST_VALUE = 1

function valuesOf(feature: Uint8Array, at: string): FeatureValues {
  const values: unknown[] = []
  const isFeature = eachField(feature, ({ number: kind, value: list }) =>
    eachField(list, ({ number, type, value }) => {
      if (number !== LIST_VALUE) return true
      if (kind === BYTES_LIST) values.push(textFrom(value, at))
      else if (kind === INT64_LIST) pushIntegers(values, value)
      else if (kind === FLOAT_LIST) return pushFloats(values, value, type)
      return true
    }),
  )
  if (isFeature) return values
  throw badRequest(`${at} is not a Feature of protobuf`)
}

function textFrom(bytes: Uint8Array, at: string): string {
  if (isUtf8(bytes)) return textOf(bytes)
  throw badRequest(`${at} has bytes that are no UTF-8 text, and the strings of this runtime are text`)
}

/** A run of varints, or a single one. */
function pushIntegers(values: unknown[], run: Uint8Array): void {
  for (const varints = new Varints(run); varints.next();) {
    const high = varints.high | 0
    const number = high * 2 ** 32 + varints.low
    values.push(Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(varints.low))
  }
}

function pushFloats(values: unknown[], run: Uint8Array, type: number): boolean {
  const isWhole = run.byteLength % 4 === 0
  if ((type !== LENGTH_DELIMITED && type !== FIXED32) || !isWhole) return false
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength)
  for (let at = 0; at < run.byteLength; at += 4) values.push(view.getFloat32(at, true))
  return true
}

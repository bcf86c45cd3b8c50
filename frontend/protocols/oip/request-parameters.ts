import { ServingError } from '../../../worker/contract/errors.ts'
import type { Parameters, ParameterValue } from '../../../worker/contract/messages.ts'
import type { RequestHead, SequenceMark } from '../../core/data-plane.ts'
import { forwardedHeaders } from './header-forwarding.ts'
import {
  badParameter,
  EMPTY_FINAL_RESPONSE,
  isReservedParameter,
  reservedParameter,
} from './parameter-names.ts'

/** What the parameters of a request say. */
export type RequestParameters = {
  /** How it is to be run. */
  readonly run: {
    /** 1 is the highest; absent: the version's default. */
    readonly priority?: number
    /** How long it may wait and run. */
    readonly timeoutMs?: number
    readonly sequence: SequenceMark
  }
  /** For the handler: what the protocol gives no meaning to. Absent: nothing. */
  readonly parameters?: Parameters
  /** Whether a stream of answers is to be ended by an empty one. */
  readonly hasEmptyFinal: boolean
}

/**
 * Reads the `parameters` of a request: values of JSON, or of gRPC with `bigint` for 64-bit integers.
 *
 * @param given undefined: there were none
 * @param head of the request: its sequence counts where the body names none, and some of its headers may be
 * forwarded as parameters, which yield to those of the body
 * @throws ServingError `invalid_argument` with the place of the value
 */
export type ReadParameters = (
  given: unknown,
  head: Pick<RequestHead, 'headers' | 'sequence'>,
) => RequestParameters

/** @param forward which headers become parameters, by their names; absent: none */
export function parameterReader(forward?: RegExp): ReadParameters {
  return (given, { headers, sequence = NO_SEQUENCE }) => {
    const fromHeaders = forward === undefined ? NONE : forwardedHeaders(forward, headers)
    if (given === undefined && fromHeaders.length === 0) {
      return sequence === NO_SEQUENCE ? NOTHING_SAID : { run: { sequence }, hasEmptyFinal: false }
    }
    return parametersFrom(given === undefined ? {} : given, fromHeaders, sequence)
  }
}

const NONE: readonly [string, string][] = []
/** No sequence, or one that is not opened: in this protocol a sequence needs an id and a start. */
const NO_SEQUENCE: SequenceMark = { start: false, end: false, explicit: true }
const NOTHING_SAID: RequestParameters = { run: { sequence: NO_SEQUENCE }, hasEmptyFinal: false }

const PLACE = '/parameters'
/** Each is read, and written again for the worker, while nothing else happens. */
const MAX_PARAMETERS = 1000
const MICROSECONDS_PER_MS = 1000
const MAX_UINT64 = 2n ** 64n - 1n

function parametersFrom(
  given: unknown,
  fromHeaders: readonly [string, string][],
  ofHead: SequenceMark,
): RequestParameters {
  if (!isObject(given)) throw badParameter(PLACE, 'an object of booleans, numbers and strings', given)
  const { length: count } = Object.keys(given)
  if (count > MAX_PARAMETERS) throw tooManyParameters(count)
  const own = Object.entries(given).flatMap(([name, value]) => handlerParameter(name, value))
  const forHandler = [...fromHeaders, ...own]
  const priority = wholeNumber(given, 'priority', 'an integer from 0 to 2^53-1, 0 for the default')
  const timeout = wholeNumber(given, 'timeout', 'microseconds from 0 to 2^53-1, 0 for the default')
  return {
    run: {
      ...(priority === 0 ? {} : { priority }),
      ...(timeout === 0 ? {} : { timeoutMs: timeout / MICROSECONDS_PER_MS }),
      sequence: sequenceFrom(given) ?? ofHead,
    },
    ...(forHandler.length === 0 ? {} : { parameters: Object.fromEntries(forHandler) }),
    hasEmptyFinal: flag(given, EMPTY_FINAL_RESPONSE),
  }
}

function tooManyParameters(count: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `${PLACE} has ${count} members, at most ${MAX_PARAMETERS} are possible; send data as an input`,
    { reason: 'parameter' },
  )
}

function handlerParameter(name: string, value: unknown): [string, ParameterValue][] {
  const place = placeOf(name)
  if (!isReservedParameter(name)) return [[name, parameterValue(place, value)]]
  if (name === 'headers' || (name.startsWith('triton_') && name !== EMPTY_FINAL_RESPONSE)) {
    throw reservedParameter(place)
  }
  return []
}

/** Integers that a double does not hold become decimal digits. */
function parameterValue(place: string, value: unknown): ParameterValue {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw badParameter(place, 'a finite number', value)
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    default:
      throw badParameter(place, 'a boolean, a number or a string', value)
  }
}

function sequenceFrom(given: Given): SequenceMark | undefined {
  const id = sequenceId(given.sequence_id)
  const start = flag(given, 'sequence_start')
  const end = flag(given, 'sequence_end')
  if (id === undefined && !start && !end) return undefined
  return { ...(id === undefined ? {} : { id }), start, end, explicit: true }
}

/** 0 and the empty text stand for no sequence. */
function sequenceId(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  if (!isInteger || value < 0 || value > MAX_UINT64) {
    throw badParameter(placeOf('sequence_id'), 'an integer from 0 to 2^64-1, or a string', value)
  }
  return String(value) === '0' ? undefined : String(value)
}

function flag(given: Given, name: string): boolean {
  const value = given[name] ?? false
  if (typeof value !== 'boolean') throw badParameter(placeOf(name), 'true or false', value)
  return value
}

/** 0 when it is not given. */
function wholeNumber(given: Given, name: string, expected: string): number {
  const value = given[name] ?? 0
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw badParameter(placeOf(name), expected, value)
  }
  return number
}

type Given = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As a JSON pointer. */
function placeOf(name: string): string {
  return `${PLACE}/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 100)}`
}

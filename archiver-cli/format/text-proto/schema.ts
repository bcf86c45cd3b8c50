/** What one value of a field may be. */
export type ProtoType = ProtoScalar<unknown> | ProtoMessage

export type ProtoScalar<T> = {
  readonly kind: 'scalar'
  /** Completes "expected …". */
  readonly expected: string
  /** The value that a literal stands for, or undefined. */
  readonly fromText: (literal: {
    readonly kind: 'name' | 'number' | 'string'
    readonly text: string
  }) => T | undefined
  /** The value as protobuf's JSON has it, or undefined. */
  readonly fromJson: (value: unknown) => T | undefined
}

export type ProtoMessage = {
  readonly kind: 'message'
  readonly fields: Readonly<Record<string, ProtoField>>
  /** Groups of fields of which a message may have one. */
  readonly oneOf: readonly (readonly string[])[]
}

export type ProtoField = {
  readonly type: ProtoType
  readonly shape: 'single' | 'list' | 'map'
  /** Of a map; texts when absent. */
  readonly keys?: 'integers'
}

/** The plain data that a message becomes: absent fields are absent, numbers numbers, enums names. */
export type ProtoValue<T> = T extends { readonly kind: 'message'; readonly fields: infer F }
  ? { readonly [K in keyof F]?: FieldValue<F[K]> }
  : T extends ProtoScalar<infer V>
    ? V
    : never

type FieldValue<F> = F extends { readonly type: infer T; readonly shape: infer S }
  ? S extends 'list'
    ? readonly ProtoValue<T>[]
    : S extends 'map'
      ? Readonly<Record<string, ProtoValue<T>>>
      : ProtoValue<T>
  : never

type Single<T> = { readonly type: T; readonly shape: 'single' }
type Fields<F> = {
  readonly kind: 'message'
  readonly fields: { readonly [K in keyof F]: F[K] extends ProtoType ? Single<F[K]> : F[K] }
  readonly oneOf: readonly (readonly string[])[]
}

/** A message by its fields; one whose type is given alone holds a single value. */
export function message<const F extends Readonly<Record<string, ProtoType | ProtoField>>>(
  fields: F,
  oneOf: readonly (readonly string[])[] = [],
): Fields<F> {
  const whole = Object.entries(fields).map(([name, field]) => [
    name,
    'kind' in field ? { type: field, shape: 'single' } : field,
  ])
  return { kind: 'message', oneOf, fields: Object.fromEntries(whole) as Fields<F>['fields'] } // the same keys
}

export function repeated<T extends ProtoType>(type: T): { readonly type: T; readonly shape: 'list' } {
  return { type, shape: 'list' }
}

/** A map whose keys are texts; written as a repeated `{ key: … value: … }`. */
export function mapOf<T extends ProtoType>(type: T): { readonly type: T; readonly shape: 'map' } {
  return { type, shape: 'map' }
}

/** A map whose keys are unsigned integers, which are texts in plain data. */
export function integerMapOf<T extends ProtoType>(
  type: T,
): { readonly type: T; readonly shape: 'map'; readonly keys: 'integers' } {
  return { type, shape: 'map', keys: 'integers' }
}

export const string: ProtoScalar<string> = {
  kind: 'scalar',
  expected: 'a string in quotes',
  fromText: ({ kind, text }) => (kind === 'string' ? text : undefined),
  fromJson: (value) => (typeof value === 'string' ? value : undefined),
}

const TRUTHS = new Map([
  ['true', true],
  ['True', true],
  ['t', true],
  ['1', true],
  ['false', false],
  ['False', false],
  ['f', false],
  ['0', false],
])

export const bool: ProtoScalar<boolean> = {
  kind: 'scalar',
  expected: 'true or false',
  fromText: ({ kind, text }) => (kind === 'string' ? undefined : TRUTHS.get(text)),
  fromJson: (value) => (typeof value === 'boolean' ? value : undefined),
}

function integer(bounds: readonly [bigint, bigint]): ProtoScalar<number | string> {
  return {
    kind: 'scalar',
    expected: `an integer from ${bounds[0]} to ${bounds[1]}`,
    fromText: ({ kind, text }) => (kind === 'number' ? exactInteger(text, bounds) : undefined),
    fromJson: (value) => {
      const isInteger =
        typeof value === 'bigint' ||
        Number.isSafeInteger(value) ||
        (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
      return isInteger ? exactInteger(String(value), bounds) : undefined
    },
  }
}

/** Integers beyond ±(2^53-1) are decimal texts, as protobuf's JSON has them. */
function exactInteger(text: string, [min, max]: readonly [bigint, bigint]): number | string | undefined {
  const [, sign, digits = ''] = /^(-?)(0[xX][0-9A-Fa-f]{1,16}|0[0-7]{0,22}|[1-9]\d{0,19})$/.exec(text) ?? []
  if (digits === '') return undefined
  const magnitude = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = sign === '-' ? -magnitude : magnitude
  if (value < min || value > max) return undefined
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

const small = (type: ProtoScalar<number | string>) => type as ProtoScalar<number> // 32 bits are always a number
export const int32 = small(integer([-(2n ** 31n), 2n ** 31n - 1n]))
export const uint32 = small(integer([0n, 2n ** 32n - 1n]))
export const int64 = integer([-(2n ** 63n), 2n ** 63n - 1n])
export const uint64 = integer([0n, 2n ** 64n - 1n])

const FLOAT_WORDS = new Map([
  ['inf', Infinity],
  ['infinity', Infinity],
  ['nan', NaN],
])

export const double: ProtoScalar<number> = {
  kind: 'scalar',
  expected: 'a number',
  fromText: ({ kind, text }) => (kind === 'string' ? undefined : floatFrom(text)),
  fromJson: (value) => (typeof value === 'number' ? value : undefined),
}

function floatFrom(text: string): number | undefined {
  const [, sign = '', digits = ''] = /^(-?)(.*)$/.exec(text) ?? []
  const isHex = /^0[xX]/.test(digits)
  const value = FLOAT_WORDS.get(digits.toLowerCase()) ?? Number(isHex ? digits : digits.replace(/[fF]$/, ''))
  if (digits === '' || (Number.isNaN(value) && digits.toLowerCase() !== 'nan')) return undefined
  return sign === '-' ? -value : value
}

/** @param names in order of their numbers */
export function enumeration<const N extends string>(...names: readonly N[]): ProtoScalar<N> {
  const find = (text: string) => names.find((name, number) => name === text || String(number) === text)
  return {
    kind: 'scalar',
    expected: `one of ${names.join(', ')}`,
    fromText: ({ kind, text }) => (kind === 'string' ? undefined : find(text)),
    fromJson: (value) =>
      typeof value === 'string' || typeof value === 'number' ? find(String(value)) : undefined,
  }
}

/** One version of a model. `version` is a string on every wire. */
export type ModelId = { readonly name: string; readonly version: string }

export const MODEL_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Names that would collide with object internals, route words, or a parent directory. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Whether a string may name a model or a version: a letter or digit, then up to 127 letters, digits, `.`, `_`, `-`.
 * The same rule holds at every entry (archive, route, file name), so a name never needs escaping.
 */
export function isValidName(value: string): boolean {
  return MODEL_NAME_PATTERN.test(value) && !value.includes('..') && !RESERVED_NAMES.has(value)
}

export function isSameModel(a: ModelId, b: ModelId): boolean {
  return a.name === b.name && a.version === b.version
}

export function formatModelId(id: ModelId): string {
  return `${id.name}/${id.version}`
}

/**
 * Orders versions: dot-separated parts, numbers by value, text after numbers; `1.9` < `1.10` < `2` < `2.rc`.
 * The one comparator of the whole system.
 */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i], right[i])
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  const bothNumbers = /^\d+$/.test(a) && /^\d+$/.test(b)
  if (bothNumbers) return Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0)
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

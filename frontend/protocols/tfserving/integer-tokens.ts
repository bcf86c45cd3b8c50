/*
 * JSON.parse does not tell `1.0` from `1`, and TensorFlow Serving does: an integer input takes integer tokens only.
 * This reads a text a second time, and only one that has a fraction or an exponent somewhere.
 */

/** Steps that lead to a value: keys and indexes. */
export type JsonPath = readonly (string | number)[]

/** Cheap to look for; may also hit inside of a string. */
const FRACTION_OR_EXPONENT = /\d[.eE]/
const TOKEN_END = /[,\]}\s]/g

/** Whether {@link firstFraction} has to be asked at all. */
export function mayHaveFractions(text: string): boolean {
  return FRACTION_OR_EXPONENT.test(text)
}

/**
 * The first number that is written with a fraction or an exponent where `mustBeInteger` says so of its path.
 *
 * @param text valid JSON
 */
export function firstFraction(
  text: string,
  mustBeInteger: (path: JsonPath) => boolean,
): { readonly path: JsonPath; readonly token: string } | undefined {
  const path: (string | number)[] = []
  let isKey = false
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === '"') {
      const end = stringEnd(text, at)
      if (isKey) path[path.length - 1] = JSON.parse(text.slice(at, end)) as string // a string of valid JSON
      isKey = false
      at = end
    } else if (character === '{' || character === '[') {
      isKey = character === '{'
      path.push(isKey ? '' : 0)
      at++
    } else if (character === '}' || character === ']') {
      path.pop()
      isKey = false
      at++
    } else if (character === ',') {
      const step = path.at(-1)
      isKey = typeof step === 'string'
      if (typeof step === 'number') path[path.length - 1] = step + 1
      at++
    } else if (isScalarStart(character)) {
      TOKEN_END.lastIndex = at
      const end = TOKEN_END.exec(text)?.index ?? text.length
      const token = text.slice(at, end)
      if (isFraction(token) && mustBeInteger(path)) return { path: [...path], token }
      at = end
    } else {
      at++
    }
  }
  return undefined
}

function isScalarStart(character: string): boolean {
  return (character >= '0' && character <= '9') || character === '-'
}

function isFraction(token: string): boolean {
  return token !== '-Infinity' && /[.eE]/.test(token)
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let end = start
  let isEscaped = true
  while (isEscaped) {
    end = text.indexOf('"', end + 1)
    if (end === -1) return text.length
    let before = end - 1
    while (text.charAt(before) === '\\') before--
    isEscaped = (end - before) % 2 === 0
  }
  return end + 1
}

/** `/instances/0/x`, as RFC 6901 writes a path. */
export function pointerOf(path: JsonPath): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

import { ServingError } from './errors.ts'

/**
 * Parses JSON that a client sent.
 *
 * @param what names the text in the message, for example `the body`.
 * @throws ServingError `invalid_argument` naming the place: engines before V8 12 do not say it.
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ServingError('invalid_argument', `${what} is not valid JSON: ${describeJsonProblem(text)}`, {
      cause: error,
      reason: 'malformed_json',
    })
  }
}

type Expectation = 'value' | 'value or ]' | 'key or }' | 'key' | ':' | ', or ]' | ', or }' | 'end'

const BLANK = /[ \t\n\r]*/y
/** A stretch of a string: one expression for a whole string would overflow the engine's stack on 16 MB of escapes. */
const CHARACTERS = /[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
export const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/**
 * Finds the first thing that is not JSON. Runs on refused text only; iterative, so that nesting cannot overflow.
 *
 * @param scalar sticky: what counts as a number, `true`, `false` or `null`.
 */
export function describeJsonProblem(text: string, scalar = SCALAR): string {
  const open: ('[' | '{')[] = []
  let expected: Expectation = 'value'
  let position = matchEnd(BLANK, text, 0)
  while (position < text.length) {
    const end = tokenEnd(text, position, { expected, scalar })
    if (end === position) return `unexpected ${describeAt(text, position)}, expected ${expected}`
    expected = next(text.charAt(position), expected, open)
    position = matchEnd(BLANK, text, end)
  }
  return expected === 'end' ? 'it cannot be read' : `it ends where ${expected} is expected`
}

type Expected = { readonly expected: Expectation; readonly scalar: RegExp }

/** End of the token at `position` if it is one that is expected there; else `position` itself. */
function tokenEnd(text: string, position: number, { expected, scalar }: Expected): number {
  const character = text.charAt(position)
  switch (expected) {
    case 'key':
    case 'key or }':
      return character === '}' && expected === 'key or }' ? position + 1 : stringEnd(text, position)
    case ':':
      return character === ':' ? position + 1 : position
    case ', or ]':
      return character === ',' || character === ']' ? position + 1 : position
    case ', or }':
      return character === ',' || character === '}' ? position + 1 : position
    case 'end':
      return position
    case 'value':
    case 'value or ]':
      if (character === '[' || character === '{') return position + 1
      if (character === ']' && expected === 'value or ]') return position + 1
      return character === '"' ? stringEnd(text, position) : matchEnd(scalar, text, position)
  }
}

function stringEnd(text: string, position: number): number {
  if (text.charAt(position) !== '"') return position
  let end = position + 1
  for (let next = matchEnd(CHARACTERS, text, end); next > end; next = matchEnd(CHARACTERS, text, end)) {
    end = next
  }
  return text.charAt(end) === '"' ? end + 1 : position
}

/** What must follow a token, by its first character; keeps `open` in step. */
function next(character: string, expected: Expectation, open: ('[' | '{')[]): Expectation {
  if (expected === 'key' || expected === 'key or }') {
    if (character !== '}') return ':'
  } else {
    if (expected === ':') return 'value'
    if (character === ',') return open.at(-1) === '[' ? 'value' : 'key'
    if (character === '[' || character === '{') {
      open.push(character)
      return character === '[' ? 'value or ]' : 'key or }'
    }
  }
  if (character === ']' || character === '}') open.pop()
  const container = open.at(-1)
  if (container === undefined) return 'end'
  return container === '[' ? ', or ]' : ', or }'
}

function matchEnd(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position
  return pattern.test(text) ? pattern.lastIndex : position
}

function describeAt(text: string, position: number): string {
  const before = text.slice(0, position)
  const line = before.split('\n').length
  const column = position - before.lastIndexOf('\n')
  return `${JSON.stringify(text.charAt(position))} at position ${position} (line ${line}, column ${column})`
}

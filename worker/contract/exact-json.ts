import { ServingError } from './errors.ts'
import { describeJsonProblem, SCALAR } from './json.ts'

/*
 * JSON as tensors need it: 64-bit integers keep all their digits, and the tokens NaN, Infinity and -Infinity, which
 * Python and Triton's clients write, are numbers.
 */

/** Deeper than any request means; {@link parseExactJson} refuses more wherever it reads the text itself. */
const MAX_DEPTH = 500

/** An integer of so many digits may be beyond ±(2^53-1). Cheap to look for: most numbers end before it. */
const LONG_INTEGER = /(?:^|[[,:\s-])\d{16}/
/** Numbers with such an exponent may be beyond a double, which would make them infinite. */
const LARGE_EXPONENT = /[eE]\+?\d{3}/
const NON_FINITE = /NaN|Infinity/

const EXACT_SCALAR = new RegExp(`-?Infinity|NaN|${SCALAR.source}`, 'y')
const INTEGER = /^-?\d+$/
/** 64-bit integers have at most so many characters; whatever is longer is a number, and no huge conversion. */
const MAX_INTEGER_CHARACTERS = 20

/**
 * Parses JSON that a client sent, integers beyond ±(2^53-1) as `bigint`.
 *
 * As fast as `JSON.parse` for a text that has neither such integers nor non-finite tokens. An integer too long for
 * 64 bits stays a number. A number beyond a double is refused: infinity is written `Infinity`.
 *
 * @param what names the text in the message, for example `the body`.
 * @throws ServingError `invalid_argument` naming the place.
 */
export function parseExactJson(text: string, what: string): unknown {
  if (LONG_INTEGER.test(text) || LARGE_EXPONENT.test(text)) return readExact(text, what)
  try {
    return JSON.parse(text)
  } catch (error) {
    if (NON_FINITE.test(text)) return readExact(text, what)
    throw malformed(what, describeJsonProblem(text), error)
  }
}

function readExact(text: string, what: string): unknown {
  const reader = new ExactJsonReader(text)
  const value = reader.document()
  if (reader.problem === undefined) return value
  throw malformed(what, describeProblem(reader.problem, text))
}

function describeProblem(problem: Problem, text: string): string {
  switch (problem) {
    case 'syntax':
      return describeJsonProblem(text, EXACT_SCALAR)
    case 'depth':
      return `it is nested deeper than ${MAX_DEPTH}`
    case 'overflow':
      return 'a number in it is beyond ±1.8e308'
  }
}

function malformed(what: string, problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', `${what} is not valid JSON: ${problem}`, {
    ...(cause === undefined ? {} : { cause }),
    reason: 'malformed_json',
  })
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** Blanks of JSON are the four characters up to here; the others below it are refused as what they are not. */
const SPACE = 0x20

type Problem = 'syntax' | 'depth' | 'overflow'

/** Recursive descent over one text. It says that the text is wrong, not where: refused texts are read a second time. */
class ExactJsonReader {
  problem: Problem | undefined
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): unknown {
    const value = this.#value()
    this.#skipBlanks()
    if (this.#at < this.#text.length) this.#fail('syntax')
    return value
  }

  #value(): unknown {
    this.#skipBlanks()
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_ARRAY:
        return this.#nested(() => this.#array())
      case OPEN_OBJECT:
        return this.#nested(() => this.#object())
      case QUOTE:
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #nested<T>(read: () => T): T | undefined {
    if (++this.#depth > MAX_DEPTH) return this.#fail('depth')
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #array(): unknown[] {
    const array: unknown[] = []
    if (this.#takes(CLOSE_ARRAY)) return array
    do array.push(this.#value())
    while (this.problem === undefined && this.#takes(COMMA))
    if (!this.#takes(CLOSE_ARRAY)) this.#fail('syntax')
    return array
  }

  #object(): object {
    const members: [string, unknown][] = []
    if (this.#takes(CLOSE_OBJECT)) return {}
    do {
      this.#skipBlanks()
      const name = this.#string()
      if (!this.#takes(COLON)) this.#fail('syntax')
      else members.push([name, this.#value()])
    } while (this.problem === undefined && this.#takes(COMMA))
    if (!this.#takes(CLOSE_OBJECT)) this.#fail('syntax')
    // As JSON.parse: the last of a name wins, and `__proto__` is a name like any other.
    return Object.fromEntries(members)
  }

  #string(): string {
    const start = this.#at
    if (this.#text.charCodeAt(start) !== QUOTE) return this.#fail('syntax') ?? ''
    let end = start
    do end = this.#text.indexOf('"', end + 1)
    while (end !== -1 && this.#isEscaped(end))
    if (end === -1) return this.#fail('syntax') ?? ''
    this.#at = end + 1
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string // it stands in quotes
    } catch {
      // The text is refused for it, with its place.
      return this.#fail('syntax') ?? ''
    }
  }

  /** Whether the quote at `position` belongs to its string: an odd number of backslashes precedes it. */
  #isEscaped(position: number): boolean {
    let before = position - 1
    while (this.#text.charCodeAt(before) === BACKSLASH) before--
    return (position - before) % 2 === 0
  }

  #scalar(): unknown {
    EXACT_SCALAR.lastIndex = this.#at
    const [token] = EXACT_SCALAR.exec(this.#text) ?? []
    if (token === undefined) return this.#fail('syntax')
    this.#at += token.length
    if (LITERALS.has(token)) return LITERALS.get(token)
    const number = numberFrom(token)
    return Math.abs(Number(number)) === Infinity ? this.#fail('overflow') : number
  }

  #takes(character: number): boolean {
    this.#skipBlanks()
    if (this.#text.charCodeAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  #skipBlanks(): void {
    for (let code = this.#text.charCodeAt(this.#at); code <= SPACE; code = this.#text.charCodeAt(this.#at)) {
      if (code !== SPACE && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  /** The end of the text lets every open loop and level end. */
  #fail(problem: Problem): undefined {
    this.problem ??= problem
    this.#at = this.#text.length
    return undefined
  }
}

const LITERALS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

function numberFrom(token: string): number | bigint {
  const number = Number(token)
  if (Number.isSafeInteger(number) || token.length > MAX_INTEGER_CHARACTERS || !INTEGER.test(token))
    return number
  return BigInt(token)
}

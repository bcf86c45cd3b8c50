import { ServingError } from '../../../worker/contract/errors.ts'

/** Where a token starts; both count from 1, as editors do. */
export type Position = { readonly line: number; readonly column: number }

export type Token = Position & {
  /** `name` is an identifier, `number` any numeric literal without its sign, `mark` one punctuation character. */
  readonly kind: 'name' | 'number' | 'string' | 'mark' | 'end'
  /** As written; of a string what it says, without quotes and escapes. */
  readonly text: string
}

/** Makes the error of a text that is refused. */
export type RefuseAt = (position: Position, problem: string) => ServingError

/** @param what names the text, for example `config.pbtxt` */
export function refusingAt(what: string): RefuseAt {
  return ({ line, column }, problem) =>
    new ServingError('invalid_argument', `${what}:${line}:${column}: ${problem}`, { reason: 'text_proto' })
}

const BLANKS = /(?:[ \t\r\n\v\f]+|#[^\n]*)*/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /(?:0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)/y
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y
const MARKS = '{}<>[]:,;-./'

/** Cuts a text of protobuf's text format into tokens, one at a time. */
export class TokenReader {
  readonly #text: string
  readonly #refuse: RefuseAt
  #offset = 0
  #line = 1
  #lineStart = 0

  constructor(text: string, refuse: RefuseAt) {
    this.#text = text
    this.#refuse = refuse
  }

  /** @throws ServingError `invalid_argument` where no token starts */
  next(): Token {
    this.#skipBlanks()
    const position = { line: this.#line, column: this.#offset - this.#lineStart + 1 }
    const character = this.#text[this.#offset]
    if (character === undefined) return { ...position, kind: 'end', text: '' }
    if (character === '"' || character === "'")
      return { ...position, kind: 'string', text: this.#string(position) }
    const name = this.#take(NAME)
    if (name !== undefined) return { ...position, kind: 'name', text: name }
    const number = this.#take(NUMBER)
    if (number !== undefined) return { ...position, kind: 'number', text: this.#whole(number, position) }
    if (!MARKS.includes(character)) throw this.#refuse(position, `${shown(character)} starts nothing here`)
    this.#offset++
    return { ...position, kind: 'mark', text: character }
  }

  #skipBlanks(): void {
    const start = this.#offset
    const blanks = this.#take(BLANKS) ?? ''
    for (let at = blanks.indexOf('\n'); at !== -1; at = blanks.indexOf('\n', at + 1)) {
      this.#line++
      this.#lineStart = start + at + 1
    }
  }

  /** A number ends where its word ends: `12abc` is a mistake, not a number and a name. */
  #whole(number: string, position: Position): string {
    const rest = this.#take(NAME)
    if (rest === undefined) return number
    throw this.#refuse(position, `'${number}${rest.slice(0, 40)}' is not a number`)
  }

  #string(position: Position): string {
    const literal = this.#take(STRING)
    if (literal === undefined) throw this.#refuse(position, 'a string does not end on its line')
    const problem = (text: string) => this.#refuse(position, text)
    return literal.includes('\\') ? unescaped(literal.slice(1, -1), problem) : literal.slice(1, -1)
  }

  #take(pattern: RegExp): string | undefined {
    const start = this.#offset
    pattern.lastIndex = start
    if (!pattern.test(this.#text)) return undefined
    this.#offset = pattern.lastIndex
    return this.#text.slice(start, this.#offset)
  }
}

const PLAIN_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '?': '?',
  '\\': '\\',
  "'": "'",
  '"': '"',
}
const ESCAPE =
  /\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([abfnrtv?\\'"])|([^]|$))/g

/** Octal and hexadecimal escapes are bytes of UTF-8; so the text is put together from bytes. */
function unescaped(text: string, problem: (text: string) => ServingError): string {
  // No escape stands for more bytes than it is written with.
  const bytes = Buffer.alloc(Buffer.byteLength(text))
  let length = 0
  let end = 0
  for (const match of text.matchAll(ESCAPE)) {
    length += bytes.write(text.slice(end, match.index), length)
    length += writeEscape(match, { bytes, offset: length, problem })
    end = match.index + match[0].length
  }
  length += bytes.write(text.slice(end), length)
  try {
    return UTF8.decode(bytes.subarray(0, length))
  } catch {
    throw problem('the escapes of a string are not UTF-8') // the decoder says no more than that
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type EscapeTarget = {
  readonly bytes: Buffer
  readonly offset: number
  readonly problem: (text: string) => ServingError
}

/** @returns how many bytes it stands for */
function writeEscape(
  [whole, octal, hex, unicode, longUnicode, plain]: RegExpMatchArray,
  { bytes, offset, problem }: EscapeTarget,
): number {
  if (plain !== undefined) return bytes.write(PLAIN_ESCAPES[plain] ?? '', offset)
  const byte = octal === undefined ? parseInt(hex ?? '', 16) : parseInt(octal, 8)
  if (byte <= 0xff) return bytes.writeUInt8(byte, offset) - offset
  const point = parseInt(unicode ?? longUnicode ?? '', 16)
  const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
  if (!isCharacter) throw problem(`a string has the escape ${shown(whole)}, which is none`)
  return bytes.write(String.fromCodePoint(point), offset)
}

function shown(text: string): string {
  return JSON.stringify(text)
}

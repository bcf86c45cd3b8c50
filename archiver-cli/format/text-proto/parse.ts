import { refusingAt, TokenReader, type Position, type RefuseAt, type Token } from './tokens.ts'

/** One value as it was written. What it means depends on the field's type. */
export type TextValue = Position &
  (
    | { readonly kind: 'name' | 'number' | 'string'; readonly text: string }
    | { readonly kind: 'message'; readonly fields: readonly TextField[] }
  )

/** One mention of a field; a list gives several values at once, and a field may be mentioned again. */
export type TextField = Position & {
  /** `name`, or `[type.googleapis.com/name]` with its brackets. */
  readonly name: string
  readonly values: readonly TextValue[]
}

export type TextMessage = readonly TextField[]

/** Messages within each other: each costs stack, here and in whatever walks them. */
const MAX_DEPTH = 64
/** Far above any real list of models. */
const MAX_TEXT_CHARACTERS = 1024 * 1024

/**
 * Reads protobuf's text format without knowing the message: `key: value`, `key { … }`, `key: < … >`, lists,
 * comments, separators, strings in pieces, extensions and `Any` by their bracketed names.
 *
 * @param what names the text in errors, for example `config.pbtxt`
 * @throws ServingError `invalid_argument` (reason `text_proto`) with line and column
 * @see https://protobuf.dev/reference/protobuf/textformat-spec/
 */
export function parseTextProto(text: string, what: string): TextMessage {
  const refuse = refusingAt(what)
  if (text.length > MAX_TEXT_CHARACTERS) {
    const limit = `allowed are ${MAX_TEXT_CHARACTERS}`
    throw refuse({ line: 1, column: 1 }, `the text has ${text.length} characters; ${limit}`)
  }
  return new Parser(new TokenReader(text.replace(/^\ufeff/, ''), refuse), refuse).message()
}

class Parser {
  readonly #reader: TokenReader
  readonly #refuse: RefuseAt
  #token: Token
  #depth = 0

  constructor(reader: TokenReader, refuse: RefuseAt) {
    this.#reader = reader
    this.#refuse = refuse
    this.#token = reader.next()
  }

  message(): TextMessage {
    return this.#fieldsUntil('')
  }

  /** @param end the mark that closes the message; none: the end of the text */
  #fieldsUntil(end: string): TextField[] {
    const fields: TextField[] = []
    while (!this.#isEnd(end)) {
      fields.push(this.#field(end))
      if (this.#is(',') || this.#is(';')) this.#advance()
    }
    return fields
  }

  #isEnd(end: string): boolean {
    return end === '' ? this.#token.kind === 'end' : this.#is(end)
  }

  #field(end: string): TextField {
    const { line, column } = this.#token
    const name = this.#name(end)
    const hasColon = this.#is(':')
    if (hasColon) this.#advance()
    if (!hasColon && !this.#is('{') && !this.#is('<') && !this.#is('[')) {
      throw this.#expected(`':' or '{' after '${name}'`)
    }
    const values = this.#is('[') ? this.#list() : [this.#value()]
    const scalar = values.find(({ kind }) => kind !== 'message')
    if (!hasColon && scalar !== undefined)
      throw this.#refuse(scalar, `expected ':' before the value of '${name}'`)
    return { name, line, column, values }
  }

  #name(end: string): string {
    if (this.#is('[')) return this.#bracketedName()
    if (this.#token.kind !== 'name') {
      throw this.#expected(end === '' ? 'the name of a field' : `the name of a field, or '${end}'`)
    }
    return this.#advance().text
  }

  #bracketedName(): string {
    this.#advance()
    let name = ''
    while (this.#token.kind === 'name' || this.#token.kind === 'number' || this.#isOneOf('./-')) {
      name += this.#advance().text
    }
    if (name === '') throw this.#expected("a name after '['")
    this.#expect(']')
    return `[${name}]`
  }

  #list(): TextValue[] {
    this.#advance()
    const values: TextValue[] = []
    if (!this.#is(']')) values.push(this.#value())
    while (!this.#is(']')) {
      if (!this.#is(',')) throw this.#expected("',' or ']'")
      this.#advance()
      values.push(this.#value())
    }
    this.#advance()
    return values
  }

  #value(): TextValue {
    const { kind, text, line, column } = this.#token
    if (this.#is('{')) return this.#nested('}')
    if (this.#is('<')) return this.#nested('>')
    if (kind === 'string') return { kind, line, column, text: this.#adjacentStrings() }
    if (this.#is('-')) return this.#negative()
    if (kind !== 'name' && kind !== 'number') throw this.#expected('a value')
    this.#advance()
    return { kind, line, column, text }
  }

  #nested(end: string): TextValue {
    const { line, column } = this.#token
    this.#depth++
    if (this.#depth > MAX_DEPTH)
      throw this.#refuse(this.#token, `messages are nested deeper than ${MAX_DEPTH}`)
    this.#advance()
    const fields = this.#fieldsUntil(end)
    this.#advance()
    this.#depth--
    return { kind: 'message', line, column, fields }
  }

  #adjacentStrings(): string {
    const pieces: string[] = []
    while (this.#token.kind === 'string') pieces.push(this.#advance().text)
    return pieces.join('')
  }

  /** A minus may stand before a number and before `inf` and `nan`. */
  #negative(): TextValue {
    const { line, column } = this.#advance()
    const { kind, text } = this.#token
    const isFloatWord = kind === 'name' && /^(inf|infinity|nan)$/i.test(text)
    if (kind !== 'number' && !isFloatWord) throw this.#expected("a number after '-'")
    this.#advance()
    return { kind: 'number', line, column, text: `-${text}` }
  }

  #is(mark: string): boolean {
    return this.#token.kind === 'mark' && this.#token.text === mark
  }

  #isOneOf(marks: string): boolean {
    return this.#token.kind === 'mark' && marks.includes(this.#token.text)
  }

  #expect(mark: string): void {
    if (!this.#is(mark)) throw this.#expected(`'${mark}'`)
    this.#advance()
  }

  #advance(): Token {
    const token = this.#token
    this.#token = this.#reader.next()
    return token
  }

  #expected(what: string) {
    const { kind, text } = this.#token
    const found = kind === 'end' ? 'the end of the text' : JSON.stringify(text.slice(0, 40))
    return this.#refuse(this.#token, `expected ${what}, found ${found}`)
  }
}

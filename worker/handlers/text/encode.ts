import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { messageOf, ServingError } from '../../contract/errors.ts'
import { parseJson } from '../../contract/json.ts'
import { createTokenizer, type Tokenizer } from './tokenizer.ts'

/** One text, or two that belong together. */
export type Text = { readonly text: string; readonly textPair?: string }

export type Tokens = { readonly ids: readonly number[]; readonly typeIds: readonly number[] }

export type EncoderOptions = {
  readonly modelDir: string
  readonly tokenizerFile: string
  readonly maxTokens: number
  readonly truncation: 'end' | 'refuse'
  readonly maxCharacters: number
  readonly padToken?: string
}

/** Beside the tokenizer, as transformers saves it; optional. */
const CONFIG_FILE = 'tokenizer_config.json'
const PAD_TOKENS = ['[PAD]', '<pad>', '<|pad|>', '<|endoftext|>']

/** Turns texts into the tokens that a model was trained with. */
export class TextEncoder {
  readonly padId: number
  readonly #tokenizer: Tokenizer
  readonly #options: EncoderOptions

  private constructor(tokenizer: Tokenizer, options: EncoderOptions, padId: number) {
    this.#tokenizer = tokenizer
    this.#options = options
    this.padId = padId
  }

  /** @throws ServingError `invalid_argument` when the archive's tokenizer cannot be used. */
  static async load(options: EncoderOptions): Promise<TextEncoder> {
    const { modelDir, tokenizerFile } = options
    const definition = await readObject(modelDir, tokenizerFile)
    const config = await readObject(modelDir, CONFIG_FILE, true)
    try {
      const tokenizer = createTokenizer(definition, config)
      return new TextEncoder(tokenizer, options, padIdOf(tokenizer, options))
    } catch (error) {
      if (error instanceof ServingError) throw error
      throw badTokenizer(tokenizerFile, `cannot be used: ${messageOf(error)}`)
    }
  }

  /** @throws ServingError `invalid_argument` when the text is too long. */
  encode({ text, textPair }: Text): Tokens {
    const { maxCharacters, maxTokens, truncation } = this.#options
    const length = text.length + (textPair?.length ?? 0)
    if (length > maxCharacters) {
      throw badText(`the text has ${length} characters, at most ${maxCharacters} are accepted`)
    }
    const whole = this.#tokensOf({ text, ...(textPair === undefined ? {} : { textPair }) })
    if (whole.ids.length <= maxTokens) return whole
    if (truncation === 'refuse' || textPair !== undefined) {
      throw badText(`the text has ${whole.ids.length} tokens, at most ${maxTokens} are accepted`)
    }
    return this.#cut(text, whole)
  }

  #tokensOf({ text, textPair }: Text): Tokens {
    const { ids, token_type_ids: typeIds = [] } = this.#tokenizer.encode(text, {
      text_pair: textPair ?? null,
      return_token_type_ids: true,
    })
    return { ids, typeIds }
  }

  /** Cuts the end of the text, and keeps the special tokens around it. */
  #cut(text: string, whole: Tokens): Tokens {
    const { maxTokens } = this.#options
    const { ids: content } = this.#tokenizer.encode(text, { add_special_tokens: false })
    const special = whole.ids.length - content.length
    if (special >= maxTokens) throw badText(`'maxTokens' ${maxTokens} leaves no room beside special tokens`)
    const before = startOf(content, whole.ids)
    const kept = maxTokens - special
    const cut = (values: readonly number[]) => [
      ...values.slice(0, before + kept),
      ...values.slice(before + content.length),
    ]
    return { ids: cut(whole.ids), typeIds: cut(whole.typeIds) }
  }
}

/** Where the content begins between the special tokens. */
function startOf(content: readonly number[], whole: readonly number[]): number {
  const special = whole.length - content.length
  for (let start = 0; start <= special; start++) {
    if (content.every((id, index) => whole[start + index] === id)) return start
  }
  return 0
}

function padIdOf(tokenizer: Tokenizer, { padToken, tokenizerFile }: EncoderOptions): number {
  const tokens = padToken === undefined ? PAD_TOKENS : [padToken]
  for (const token of tokens) {
    const id = tokenizer.token_to_id(token)
    if (id !== undefined) return id
  }
  throw badTokenizer(tokenizerFile, `has none of the tokens ${tokens.join(', ')} to pad with; set 'padToken'`)
}

async function readObject(modelDir: string, name: string, isOptional = false): Promise<object> {
  if (basename(name) !== name) throw badTokenizer(name, 'must be a file in the archive, without a directory')
  const text = await readFile(join(modelDir, name), 'utf8').catch(() => undefined) // told apart below
  if (text === undefined && isOptional) return {}
  if (text === undefined) throw badTokenizer(name, "is not in the archive; pack it with '--extra-files'")
  const value = parseJson(text, `the tokenizer file '${name}'`)
  if (typeof value === 'object' && value !== null) return value
  throw badTokenizer(name, 'must hold a JSON object')
}

function badTokenizer(name: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `the tokenizer file '${name}' ${problem}`, {
    reason: 'model_config',
  })
}

function badText(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'text' })
}

import * as tokenizers from '@huggingface/tokenizers'

export type EncodeOptions = {
  readonly text_pair?: string | null
  readonly add_special_tokens?: boolean
  readonly return_token_type_ids?: boolean
}

/** What is used of the library's `Tokenizer`. */
export interface Tokenizer {
  encode(
    text: string,
    options?: EncodeOptions,
  ): { readonly ids: number[]; readonly token_type_ids?: number[] }
  token_to_id(token: string): number | undefined
}

type TokenizerClass = new (definition: object, config: object) => Tokenizer

/**
 * Makes the tokenizer that a `tokenizer.json` defines; throws when the library does not understand it.
 *
 * The declarations of @huggingface/tokenizers 0.2.0 import each other without file extensions, so that TypeScript
 * resolves none of them for ES modules: its class is typed here until they do.
 */
export function createTokenizer(definition: object, config: object): Tokenizer {
  const { Tokenizer } = tokenizers as unknown as { readonly Tokenizer: TokenizerClass } // see above
  return new Tokenizer(definition, config)
}

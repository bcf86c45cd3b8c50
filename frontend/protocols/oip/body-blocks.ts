import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../../worker/contract/errors.ts'
import { parseExactJson } from '../../../worker/contract/exact-json.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import { textOf } from '../../../worker/contract/text.ts'
import { badBody, WHOLE_BODY } from './body-values.ts'

/**
 * How many bytes of a body are its JSON; the raw elements of tensors follow, back to back. Of the unpacked body, in
 * both directions.
 */
export const JSON_LENGTH_HEADER = 'inference-header-content-length'

/** @returns undefined when the body is JSON from end to end @throws ServingError `invalid_argument` */
export function jsonLengthOf(headers: Readonly<Record<string, unknown>>): number | undefined {
  const value = headers[JSON_LENGTH_HEADER]
  if (value === undefined) return undefined
  const length = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
  if (length !== undefined) return length
  throw badHeader(`is ${shownValue(value)}, expected the number of bytes of JSON in the body`)
}

/** A body as its JSON and what follows it. */
export class BodyBlocks {
  readonly json: unknown
  readonly #tail: Uint8Array
  readonly #hasHeader: boolean
  #at = 0

  /** @param jsonLength undefined: the whole body @throws ServingError `invalid_argument` */
  constructor(body: Uint8Array, jsonLength: number | undefined) {
    if (jsonLength !== undefined && jsonLength > body.byteLength) {
      throw badHeader(`says ${jsonLength} bytes of JSON, the body has ${body.byteLength}`)
    }
    const json = body.subarray(0, jsonLength)
    if (!isUtf8(json)) throw badBody(`${WHOLE_BODY} is not UTF-8, as JSON has to be`)
    this.json = parseExactJson(textOf(json), WHOLE_BODY)
    this.#tail = body.subarray(json.byteLength)
    this.#hasHeader = jsonLength !== undefined
  }

  /** The next block. @param at where its size is said @throws ServingError `invalid_argument` when there is less */
  take(byteLength: number, at: string): Uint8Array {
    const leftBytes = this.#tail.byteLength - this.#at
    if (byteLength > leftBytes) {
      const hint = this.#hasHeader ? '' : `; say in the header ${JSON_LENGTH_HEADER} where the JSON ends`
      throw badBody(`${at} is ${byteLength}, but ${leftBytes} bytes are left behind the JSON${hint}`)
    }
    const block = this.#tail.subarray(this.#at, this.#at + byteLength)
    this.#at += byteLength
    return block
  }

  /** @throws ServingError `invalid_argument` when bytes are left that belong to no tensor */
  end(): void {
    const leftBytes = this.#tail.byteLength - this.#at
    if (leftBytes === 0) return
    throw badBody(`${WHOLE_BODY} has ${leftBytes} bytes more than its inputs' binary_data_size say`)
  }
}

function badHeader(problem: string): ServingError {
  return new ServingError('invalid_argument', `the header '${JSON_LENGTH_HEADER}' ${problem}`, {
    reason: 'request',
  })
}

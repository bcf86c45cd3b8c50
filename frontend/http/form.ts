import busboy from 'busboy'
import type { RequestPart } from '../../worker/contract/messages.ts'
import { messageOf } from '../../worker/contract/errors.ts'
import { malformedForm } from './errors.ts'

/** Far more than any model has inputs; each part costs a parser, a stream and an object. */
const MAX_PARTS = 256
const MAX_HEADER_PAIRS = 32

const MULTIPART = 'multipart/form-data'
const URLENCODED = 'application/x-www-form-urlencoded'

/** Media type of a `Content-Type`, lower case, without parameters. */
export function mediaType(contentType: string | undefined): string {
  const end = contentType?.indexOf(';') ?? -1
  return (end === -1 ? (contentType ?? '') : (contentType ?? '').slice(0, end)).trim().toLowerCase()
}

export function isForm(contentType: string | undefined): contentType is string {
  const type = mediaType(contentType)
  return type === MULTIPART || type === URLENCODED
}

/**
 * The fields and files of a form whose body has been read, in order; a name may occur more than once.
 *
 * @throws ServingError `invalid_argument` naming what is wrong
 */
export async function partsFromForm(contentType: string, body: Uint8Array): Promise<RequestPart[]> {
  return mediaType(contentType) === MULTIPART ? partsFromMultipart(contentType, body) : partsFromUrl(body)
}

function partsFromUrl(body: Uint8Array): RequestPart[] {
  const parts: RequestPart[] = []
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString())) {
    if (parts.length === MAX_PARTS) throw malformedForm(`has more than ${MAX_PARTS} fields`)
    parts.push({ name, bytes: Buffer.from(value) })
  }
  return parts
}

function partsFromMultipart(contentType: string, body: Uint8Array): Promise<RequestPart[]> {
  return new Promise((resolve, reject) => {
    const parts: RequestPart[] = []
    const fail = (error: unknown) => reject(malformedForm(`is broken: ${messageOf(error)}`, error))
    const parser = openParser(contentType, body.byteLength)
    parser.on('field', (name, value, info) => {
      const problem = fieldProblem(name, value)
      if (problem === undefined) parts.push(partFromField(name, value, info.mimeType))
      else reject(malformedForm(problem))
    })
    parser.on('file', (name, stream, info) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', fail)
      stream.on('end', () => parts.push(partFromFile(name, Buffer.concat(chunks), info)))
    })
    parser.on('partsLimit', () => reject(malformedForm(`has more than ${MAX_PARTS} parts`)))
    parser.on('error', fail)
    parser.on('close', () => resolve(parts))
    parser.end(body)
  })
}

function openParser(contentType: string, bodyBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers: { 'content-type': contentType },
      // busboy reports its limit when that many parts have ended; the body was counted, no part is larger than it.
      limits: { parts: MAX_PARTS + 1, fieldSize: bodyBytes + 1, headerPairs: MAX_HEADER_PAIRS },
    })
  } catch (error) {
    throw malformedForm(`cannot be read: ${messageOf(error)}`, error)
  }
}

/** busboy types the name as always there; it is absent when the part has none. */
function fieldProblem(name: string | undefined, value: string): string | undefined {
  if (name === undefined) return 'has a part without a name'
  // busboy decodes fields as text; bytes would be lost silently.
  if (!value.includes('\uFFFD')) return undefined
  return `has a field '${name}' that is not UTF-8 text; send bytes as a file, with a file name`
}

/** The type of a plain field is kept only when it says something; busboy calls an untyped one text/plain. */
function partFromField(name: string, value: string, mimeType: string): RequestPart {
  const bytes = Buffer.from(value)
  return mimeType === 'text/plain' ? { name, bytes } : { name, contentType: mimeType, bytes }
}

function partFromFile(name: string | undefined, bytes: Buffer, info: busboy.FileInfo): RequestPart {
  const part = { name: name ?? 'body', contentType: info.mimeType, bytes }
  // busboy types the file name as always there; it is absent for an octet-stream part without one.
  const fileName: string | undefined = info.filename
  return fileName === undefined ? part : { ...part, fileName }
}

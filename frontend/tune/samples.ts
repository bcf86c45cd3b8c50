import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import type { RequestPayload } from '../../worker/contract/messages.ts'

/** A file of `--samples`: the body of one request to `/predictions/{model}`. */
export type Sample = { readonly name: string; readonly payload: RequestPayload }

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.bin': 'application/octet-stream',
}

/** More would only take memory: each worker sees them all within seconds. */
const MAX_SAMPLES = 1000

/**
 * Reads the files of a directory, in the order of their names. Hidden files and directories are passed over.
 *
 * @throws ServingError `invalid_argument` (no directory, no file in it, or one whose extension says no content type)
 */
export async function readSamples(directory: string): Promise<readonly Sample[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw refused(`--samples ${directory} cannot be read: ${messageOf(error)}`)
  })
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
  if (names.length === 0) {
    throw refused(`--samples ${directory} holds no file; put bodies of requests there, such as request.json`)
  }
  if (names.length > MAX_SAMPLES) {
    throw refused(`--samples ${directory} holds ${names.length} files; at most ${MAX_SAMPLES} are replayed`)
  }
  const samples: Sample[] = []
  for (const name of names.sort()) samples.push(await readSample(directory, name))
  return samples
}

async function readSample(directory: string, name: string): Promise<Sample> {
  const contentType = CONTENT_TYPES[extname(name).toLowerCase()]
  if (contentType === undefined) {
    const known = Object.keys(CONTENT_TYPES).join(', ')
    throw refused(`--samples: '${name}' says no content type by its extension; expected one of ${known}`)
  }
  const bytes = await readFile(join(directory, name))
  return { name, payload: { kind: 'parts', parts: [{ name: 'body', contentType, bytes }] } }
}

function refused(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'samples' })
}

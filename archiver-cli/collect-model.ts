import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { ServingError } from '../worker/contract/errors.ts'
import { externalDataLocations, locationProblem } from './format/external-data.ts'
import type { SourceFile } from './source-file.ts'
import { invalidOption, unreadable } from './option-errors.ts'

/**
 * The ONNX file and the files in which it keeps its weights, under the names by which it knows them.
 *
 * @throws ServingError `invalid_argument` for a location outside the model's directory, also through a link.
 */
export async function collectModel(path: string): Promise<SourceFile[]> {
  const name = basename(path)
  if (!name.endsWith('.onnx')) throw invalidOption(`--serialized-file '${path}' must be an ONNX file, *.onnx`)
  const files = [{ path: name, content: { file: path }, origin: path }]
  for (const location of await locationsOf(path)) {
    files.push({
      path: location,
      content: { file: await locate(path, location) },
      origin: `external data of ${name}`,
    })
  }
  return files
}

async function locationsOf(path: string): Promise<ReadonlySet<string>> {
  try {
    return await externalDataLocations(path)
  } catch (error) {
    if (error instanceof ServingError)
      throw invalidOption(`--serialized-file '${path}' ${error.message}`, error)
    throw unreadable('--serialized-file', path, error)
  }
}

async function locate(model: string, location: string): Promise<string> {
  const problem = locationProblem(location)
  if (problem !== undefined)
    throw invalidOption(`model '${model}' keeps weights in '${location}', which ${problem}`)
  const directory = dirname(resolve(model))
  const path = join(directory, location)
  try {
    const [realDirectory, realPath, stats] = await Promise.all([
      realpath(directory),
      realpath(path),
      stat(path),
    ])
    if (!stats.isFile())
      throw invalidOption(`model '${model}' keeps weights in '${location}', which is not a file`)
    if (relative(realDirectory, realPath).startsWith('..')) {
      throw invalidOption(
        `model '${model}' keeps weights in '${location}', a link to outside its directory; copy the file there`,
      )
    }
    return path
  } catch (error) {
    throw error instanceof ServingError ? error : unreadable('external data', path, error)
  }
}

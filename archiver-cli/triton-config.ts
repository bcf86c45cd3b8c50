import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { ReadConfig } from './format/model-config.ts'
import { readOnnxSignature } from './format/onnx-signature.ts'
import { versionOf } from './format/sources/version-folders.ts'
import { importTritonConfig } from './format/triton/import-config.ts'
import { readTritonConfig } from './format/triton/read-config.ts'
import { invalidOption, unreadable } from './option-errors.ts'

export type TritonImport = {
  /** The `config.pbtxt`; labels that it names lie beside it. */
  readonly path: string
  /** The ONNX file that it is compared with, if there is one. */
  readonly graph: string | undefined
  readonly hasOwnHandler: boolean
}

/**
 * Our settings from a configuration of Triton's, with a sentence for each thing that has no effect here.
 *
 * @throws ServingError `invalid_argument`
 */
export async function readTritonImport({ path, graph, hasOwnHandler }: TritonImport): Promise<ReadConfig> {
  const config = readTritonConfig(await textOf('--triton-config', path), basename(path))
  return importTritonConfig(config, {
    signature: graph === undefined ? undefined : await readOnnxSignature(graph),
    hasOwnHandler,
    readLabels: (name) => {
      if (name === basename(name)) return textOf('label_filename', join(dirname(path), name))
      throw invalidOption(`label_filename '${name}' must be the name of a file beside ${basename(path)}`)
    },
  })
}

/**
 * The `config.pbtxt` that belongs to an ONNX file: beside it, or where Triton's folders have it, above
 * `<version>/model.onnx` and `<version>/model.onnx/model.onnx`.
 */
export async function findTritonConfig(graph: string): Promise<string | undefined> {
  const beside = dirname(resolve(graph))
  const folder = basename(beside).endsWith('.onnx') ? dirname(beside) : beside
  const places = versionOf(basename(folder)) === undefined ? [beside] : [beside, dirname(folder)]
  for (const place of places) {
    const path = join(place, 'config.pbtxt')
    if (await isFile(path)) return path
  }
  return undefined
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false, // not there
  )
}

function textOf(what: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(what, path, error)
  })
}

import { isBuiltInHandler } from '../../worker/contract/built-in-handlers.ts'
import { handlerReference } from '../../worker/contract/handler-reference.ts'
import { brokenArchive, brokenEntry, quote } from './archive-errors.ts'
import type { ArchiveEntry } from './container.ts'
import { MANIFEST_PATH } from './manifest.ts'
import type { Manifest } from './manifest.ts'

/**
 * Checks that a manifest and the files beside it are one whole: each file is listed once, each listed file is
 * there with its size, and what the manifest points at is among them.
 *
 * @throws ServingError `invalid_argument`
 */
export function checkManifest(manifest: Manifest, entries: readonly ArchiveEntry[]): void {
  const unlisted = new Map(entries.map((entry) => [entry.path, entry]))
  unlisted.delete(MANIFEST_PATH)
  const paths = new Set<string>()
  for (const { path, bytes } of manifest.files) {
    if (paths.has(path)) throw brokenArchive(`its manifest lists ${quote(path)} twice`)
    paths.add(path)
    const entry = unlisted.get(path)
    if (entry === undefined) throw brokenArchive(`its manifest lists ${quote(path)}, which is missing`)
    if (entry.bytes !== bytes) throw brokenEntry(path, `has ${entry.bytes} bytes, the manifest says ${bytes}`)
    unlisted.delete(path)
  }
  for (const path of unlisted.keys()) throw brokenEntry(path, 'is not in the manifest')
  checkReferences(manifest, paths)
}

function checkReferences({ model }: Manifest, paths: ReadonlySet<string>): void {
  const { handler, serializedFile, configFile } = model
  if (serializedFile !== undefined && !serializedFile.endsWith('.onnx')) {
    throw brokenArchive(`its model ${quote(serializedFile)} does not end in .onnx`)
  }
  for (const path of [serializedFile, configFile]) {
    if (path !== undefined && !paths.has(path))
      throw brokenArchive(`its manifest names ${quote(path)}, which is missing`)
  }
  if (!paths.has(handlerReference(handler).file) && !isBuiltInHandler(handler)) {
    throw brokenArchive(`its handler ${quote(handler)} is neither in the archive nor built in`)
  }
}

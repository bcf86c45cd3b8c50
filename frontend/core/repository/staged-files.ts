import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkDistinctNames, entryNameProblem } from '../../../archiver-cli/format/entry-name.ts'
import { badFileName } from './errors.ts'

const MAX_FILES = 1000
/** A version as Triton names its folders. */
const VERSION = /^[1-9]\d{0,18}$/

/** The files of a model as a load request gave them, in a private directory. */
export type StagedModel = {
  /** A directory of models that holds this one. */
  readonly root: string
  readonly remove: () => Promise<void>
}

/**
 * Writes the files of a model where only this server reads them. Nothing is written when one of the names is refused.
 *
 * @param directory of the server's own; made if it is not there
 * @param files content by `<version>/<file>`
 * @throws ServingError `invalid_argument`
 */
export async function stageFiles(
  directory: string,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<StagedModel> {
  checkFiles([...files.keys()])
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const root = await mkdtemp(join(directory, 'load-'))
  const remove = () => rm(root, { recursive: true, force: true })
  try {
    for (const [path, content] of files) {
      const target = join(root, name, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, content, { flag: 'wx', mode: 0o600 })
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { root, remove }
}

function checkFiles(paths: readonly string[]): void {
  if (paths.length === 0) throw badFileName('', 'there is none; give at least <version>/model.onnx')
  if (paths.length > MAX_FILES) throw badFileName(paths[0] ?? '', `is one of more than ${MAX_FILES}`)
  for (const path of paths) {
    const problem = entryNameProblem(path)
    if (problem !== undefined) throw badFileName(path, problem)
    const [version = '', ...rest] = path.split('/')
    if (!VERSION.test(version) || rest.length === 0) {
      throw badFileName(path, "is not of the form '<version>/<file>', for example '1/model.onnx'")
    }
  }
  checkDistinctNames(paths)
}

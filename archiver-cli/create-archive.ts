import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isBuiltInHandler } from '../worker/contract/built-in-handlers.ts'
import { handlerReference } from '../worker/contract/handler-reference.ts'
import { isValidName } from '../worker/contract/model-id.ts'
import { bundleHandler, isHandlerFile } from './bundle-handler.ts'
import { collectModel } from './collect-model.ts'
import { collectExtraFiles } from './extra-files.ts'
import { PACKED_AT, archiveFileName, writeArchive } from './format/archive-writer.ts'
import type { ArchiveFormat } from './format/archive-writer.ts'
import type { Manifest } from './format/manifest.ts'
import { readHandlerSettings } from './format/handler-settings/read-settings.ts'
import { parseModelConfig, type ModelConfig } from './format/model-config.ts'
import { manifestFileOf } from './format/packed-file.ts'
import { refuseExisting } from './format/target.ts'
import { invalidName, invalidOption, unknownHandler, unreadable } from './option-errors.ts'
import { probeModel } from './probe-model.ts'
import { mergeSourceFiles } from './source-file.ts'
import type { SourceFile } from './source-file.ts'
import { findTritonConfig, readTritonImport } from './triton-config.ts'
import { packageVersion } from './version.ts'

const CONFIG_FILE = 'model-config.yaml'

export type ArchiveOptions = {
  readonly modelName: string
  readonly version: string
  /** The ONNX file. Optional only for a handler of one's own that runs no graph. */
  readonly serializedFile?: string
  /** Name of a built-in handler, or a TypeScript or JavaScript module, perhaps `file:function`; default `tensor`. */
  readonly handler?: string
  /** Files, directories and patterns; see {@link collectExtraFiles}. */
  readonly extraFiles?: readonly string[]
  readonly configFile?: string
  /**
   * A `config.pbtxt` whose settings are taken over; those of `configFile` count before them. Default: the one that
   * lies with the ONNX file, if there is one; false: none.
   */
  readonly tritonConfig?: string | false
  /** Directory that gets the archive, made when missing; default the working directory. */
  readonly exportPath?: string
  readonly archiveFormat?: ArchiveFormat
  /** Replace an archive that exists. */
  readonly force?: boolean
  /** Open the model once to prove that it loads, and record its inputs and outputs; default true. */
  readonly verify?: boolean
  /** Time written as `createdOn`, seconds since 1970; default 1980, so that the same input gives the same bytes. */
  readonly createdOnSeconds?: number
  /** Stops the packing; nothing is left of it. */
  readonly signal?: AbortSignal | undefined
}

export type CreatedArchive = {
  readonly path: string
  readonly format: ArchiveFormat
  /** SHA-256 as hex; of the manifest when the archive is a directory. */
  readonly digest: string
  /** Size of all its files once extracted. */
  readonly bytes: number
  readonly manifest: Manifest
  /** What of the configuration does not apply here, each a sentence. */
  readonly notices: readonly string[]
}

/**
 * Packs a model into an archive. The same input gives the same bytes.
 *
 * @throws ServingError `invalid_argument` (option, model, handler or configuration) | `already_exists` |
 *   `failed_precondition` (the target is something else than an archive)
 */
export async function createArchive(options: ArchiveOptions): Promise<CreatedArchive> {
  checkOptions(options)
  const { modelName, archiveFormat: format = 'default', force = false } = options
  const target = join(options.exportPath ?? '.', archiveFileName(modelName, format))
  await refuseExisting({ target, format, force })
  const parts = await collectParts(options)
  const files = mergeSourceFiles([...parts.model, ...parts.handler, ...parts.config, ...parts.extra])
  // Only now: the engine opens whatever files the model names, and those have been checked above.
  const signature = options.verify === false ? {} : await signatureOf(options)
  const manifest: Manifest = {
    createdOn: formatTime(options.createdOnSeconds ?? PACKED_AT.getTime() / 1000),
    runtime: 'node',
    archiverVersion: await packageVersion(),
    model: {
      modelName,
      modelVersion: options.version,
      handler: handlerOf(parts, options),
      ...(options.serializedFile === undefined ? {} : { serializedFile: basename(options.serializedFile) }),
      ...(parts.config.length === 0 ? {} : { configFile: CONFIG_FILE }),
    },
    files: await listFiles(files),
    ...signature,
  }
  const { digest, bytes } = await writeArchive({
    target,
    format,
    manifest,
    files,
    force,
    signal: options.signal,
  })
  return { path: target, format, digest, bytes, manifest, notices: parts.notices }
}

/** The bundle that the handler became, and the export that was named in it. */
function handlerOf({ handler: [bundle] }: Parts, { handler = 'tensor' }: ArchiveOptions): string {
  if (bundle === undefined) return handler
  const { exported } = handlerReference(handler)
  return exported === undefined ? bundle.path : `${bundle.path}:${exported}`
}

function checkOptions({ modelName, version, handler = 'tensor', serializedFile }: ArchiveOptions): void {
  if (!isValidName(modelName)) throw invalidName('--model-name', modelName)
  if (!isValidName(version)) throw invalidName('--version', version)
  if (isHandlerFile(handler)) return
  if (!isBuiltInHandler(handler)) throw unknownHandler(handler)
  if (serializedFile === undefined) {
    throw invalidOption(`the built-in handler '${handler}' needs a model; give --serialized-file model.onnx`)
  }
}

type Parts = Readonly<Record<'model' | 'handler' | 'config' | 'extra', readonly SourceFile[]>> & {
  readonly notices: readonly string[]
}

async function collectParts(options: ArchiveOptions): Promise<Parts> {
  const { serializedFile, handler, extraFiles = [] } = options
  const config = await configPart(options)
  return {
    model: serializedFile === undefined ? [] : await collectModel(serializedFile),
    handler: handler !== undefined && isHandlerFile(handler) ? [await bundleHandler(handler)] : [],
    config: config === undefined ? [] : [config.file],
    notices: config?.notices ?? [],
    extra: await collectExtraFiles(extraFiles),
  }
}

type CheckedConfig = {
  readonly file: SourceFile
  readonly config: ModelConfig
  readonly notices: readonly string[]
}

/** The file as it was given, unless another server's settings are merged into it. */
async function configPart(options: ArchiveOptions): Promise<CheckedConfig | undefined> {
  const { configFile, tritonConfig: given, handler = 'tensor', serializedFile } = options
  const own = configFile === undefined ? undefined : await readConfig(configFile, handler)
  const found =
    given !== undefined || serializedFile === undefined ? given : await findTritonConfig(serializedFile)
  if (found === undefined || found === false) return own
  const imported = await readTritonImport({
    path: found,
    graph: serializedFile,
    hasOwnHandler: isHandlerFile(handler),
  })
  const config = { ...imported.config, ...own?.config }
  const bytes = Buffer.from(`${JSON.stringify(config, null, 2)}\n`)
  const file = { path: CONFIG_FILE, content: { bytes }, origin: found }
  const taken = given === undefined ? [`${found} is taken over; --no-triton-config leaves it out`] : []
  return { file, config, notices: [...taken, ...imported.notices, ...(own?.notices ?? [])] }
}

/** Keys of TorchServe that cannot apply are packed all the same: a server may be told to pass over them. */
async function readConfig(path: string, handler = 'tensor'): Promise<CheckedConfig> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable('--config-file', path, error)
  })
  const { config, notices } = parseModelConfig(bytes.toString(), 'inapplicable')
  if (isBuiltInHandler(handler)) readHandlerSettings(handler, config.handler ?? {})
  return { file: { path: CONFIG_FILE, content: { bytes }, origin: path }, config, notices }
}

async function signatureOf({
  serializedFile,
}: ArchiveOptions): Promise<Pick<Manifest, 'inputs' | 'outputs'>> {
  return serializedFile === undefined ? {} : probeModel(serializedFile)
}

async function listFiles(files: readonly SourceFile[]): Promise<Manifest['files']> {
  const listed: Manifest['files'] = []
  // One at a time: a thousand open files are more than a process may have.
  for (const file of files) listed.push(await manifestFileOf(file))
  return listed.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** `dd/MM/yyyy HH:mm:ss` in UTC, as TorchServe's archiver writes it. */
function formatTime(seconds: number): string {
  const [date = '', time = ''] = new Date(seconds * 1000).toISOString().split('T')
  return `${date.split('-').reverse().join('/')} ${time.slice(0, 8)}`
}

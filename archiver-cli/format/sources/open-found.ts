import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { blamingArchive, brokenArchive, quote } from '../archive-errors.ts'
import { openArchive, openContent, type OpenedArchive } from '../archive-reader.ts'
import { externalDataLocations, locationProblem } from '../external-data.ts'
import { parseModelConfig, type ConfigTolerance, type ModelConfig, type ReadConfig } from '../model-config.ts'
import { readOnnxSignature, type OnnxSignature } from '../onnx-signature.ts'
import type { PackedFile } from '../packed-file.ts'
import { importTritonConfig } from '../triton/import-config.ts'
import type { TritonConfig } from '../triton/model-config-schema.ts'
import { readTritonConfig } from '../triton/read-config.ts'
import type { KnownDigests } from '../known-digests.ts'
import type { FoundSource, FoundVersion } from './found-model.ts'
import { listedContainer } from './listed-container.ts'
import { resolveInside } from './resolve-inside.ts'

const CONFIG_FILE = 'model-config.yaml'

export type OpenOptions = {
  /** For its configuration. */
  readonly tolerance?: ConfigTolerance | undefined
  /** What applies instead of its `config.pbtxt`. */
  readonly tritonConfig?: TritonConfig | undefined
  /** Of archives, that need not be found out again. */
  readonly digests?: KnownDigests | undefined
}

type Graph = FoundSource & { readonly kind: 'graph' }

/**
 * Opens a version that was found, as an archive: one that is none becomes the archive that the archiver would have
 * made of it, with the tensor handler. Its digest covers the graph, its weights, its configuration and its name.
 *
 * Nothing is written. Files that change meanwhile are noticed when it is unpacked.
 *
 * @throws ServingError `not_found` | `invalid_argument` (reason `archive`, `model_config` or `text_proto`)
 */
export async function openFound(
  name: string,
  { version, location, source }: FoundVersion,
  options: OpenOptions = {},
): Promise<OpenedArchive> {
  if (source.kind === 'archive') return openArchive(source.path, options.tolerance, options.digests)
  const label = `model ${quote(location)}`
  const open = async () => {
    const graph = await graphFiles(source)
    const { config, notices } = await configOf(source, graph.signature, options)
    const container = await listedContainer([...graph.files, ...configFiles(config)], {
      // What it is made of decides its digest; when and by what it was read does not.
      createdOn: '01/01/1980 00:00:00',
      runtime: 'node',
      archiverVersion: 'none',
      model: {
        modelName: name,
        modelVersion: version,
        handler: 'tensor',
        serializedFile: graph.name,
        ...(isEmpty(config) ? {} : { configFile: CONFIG_FILE }),
      },
      ...graph.signature,
    })
    return openContent({ path: source.root, label, notices, tolerance: options.tolerance }, container)
  }
  return blamingArchive(source.root, open, label)
}

type GraphFiles = {
  readonly name: string
  readonly files: readonly PackedFile[]
  readonly signature: OnnxSignature | undefined
}

/** The ONNX file under a name that archives allow, and the files of its weights as it knows them. */
async function graphFiles({ root, file }: Graph): Promise<GraphFiles> {
  const path = await existing(root, file)
  const own = posix.basename(file)
  const name = own.endsWith('.onnx') ? own : 'model.onnx'
  const files: PackedFile[] = [{ path: name, content: { file: path } }]
  for (const location of await externalDataLocations(path)) {
    const problem = locationProblem(location)
    if (problem !== undefined) throw brokenArchive(`keeps weights in ${quote(location)}, which ${problem}`)
    const weights = await resolveInside(root, posix.join(posix.dirname(file), location))
    if (weights === undefined) throw brokenArchive(`keeps weights in ${quote(location)}, which is not there`)
    files.push({ path: location, content: { file: weights } })
  }
  return { name, files, signature: await readOnnxSignature(path) }
}

/** What `model-config.yaml` says counts before what `config.pbtxt` says. */
async function configOf(
  source: Graph,
  signature: OnnxSignature | undefined,
  { tolerance, tritonConfig }: OpenOptions,
): Promise<ReadConfig> {
  const { root } = source
  const foreign = tritonConfig ?? (await tritonConfigOf(source))
  const folder = posix.dirname(source.tritonConfig ?? source.file)
  const imported =
    foreign === undefined
      ? { config: {}, notices: [] }
      : await importTritonConfig(foreign, {
          signature,
          readLabels: async (name) => readFile(await existing(root, posix.join(folder, name)), 'utf8'),
        })
  if (source.modelConfig === undefined) return imported
  const own = parseModelConfig(await readFile(await existing(root, source.modelConfig), 'utf8'), tolerance)
  return { config: { ...imported.config, ...own.config }, notices: [...imported.notices, ...own.notices] }
}

async function tritonConfigOf({ root, tritonConfig }: Graph): Promise<TritonConfig | undefined> {
  if (tritonConfig === undefined) return undefined
  return readTritonConfig(await readFile(await existing(root, tritonConfig), 'utf8'), 'config.pbtxt')
}

function configFiles(config: ModelConfig): PackedFile[] {
  if (isEmpty(config)) return []
  return [{ path: CONFIG_FILE, content: { bytes: Buffer.from(JSON.stringify(config)) } }]
}

function isEmpty(config: ModelConfig): boolean {
  return Object.keys(config).length === 0
}

async function existing(root: string, path: string): Promise<string> {
  const real = await resolveInside(root, path)
  if (real === undefined) throw brokenArchive(`has no ${quote(path)}`)
  return real
}

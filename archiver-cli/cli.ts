import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { BUILT_IN_HANDLERS } from '../worker/contract/built-in-handlers.ts'
import { ServingError, messageOf } from '../worker/contract/errors.ts'
import { createArchive } from './create-archive.ts'
import type { CreatedArchive } from './create-archive.ts'
import { ARCHIVE_FORMATS } from './format/archive-writer.ts'
import type { ArchiveFormat } from './format/archive-writer.ts'
import { formatBytes, formatDescription, inspectArchive } from './inspect-archive.ts'

/** What the program has of its process. */
export type CliEnvironment = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** `SOURCE_DATE_EPOCH`: what the manifest gives as its time, seconds since 1970. */
  readonly sourceDateEpoch?: string | undefined
  /** Aborted when the user interrupts. */
  readonly signal?: AbortSignal | undefined
}

type PackFlags = {
  readonly modelName?: string
  readonly version?: string
  readonly serializedFile?: string
  readonly handler?: string
  readonly extraFiles?: string[]
  readonly configFile?: string
  readonly tritonConfig?: string | false
  readonly exportPath?: string
  readonly archiveFormat?: ArchiveFormat
  readonly runtime?: string
  readonly force?: true
  readonly verify?: boolean
  readonly json?: true
}

const EXAMPLES = `
Examples:
  $ onnx-model-archiver --model-name iris --version 1.0 --serialized-file model.onnx --export-path model-store
  $ onnx-model-archiver --model-name digits --version 1.0 --serialized-file model.onnx \\
      --handler image_classifier --config-file model-config.yaml --export-path model-store -f
  $ onnx-model-archiver inspect model-store/iris.mar`

/** Exit codes: 0 done, 1 the archive could not be made or read, 2 the command line is wrong. */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  try {
    await createProgram(environment).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // commander has written its own complaint, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    environment.stderr(
      `error: ${error instanceof ServingError ? error.message : `unexpected: ${messageOf(error)}`}\n`,
    )
    return 1
  }
}

/** The `onnx-model-archiver` program. It throws instead of exiting, so that tests run it in process. */
export function createProgram(environment: CliEnvironment): Command {
  const program = new Command('onnx-model-archiver')
    .description('Packs an ONNX model, its handler and its settings into one archive for the model store.')
    .exitOverride()
    .configureOutput({ writeOut: environment.stdout, writeErr: environment.stderr })
    .showSuggestionAfterError()
    .enablePositionalOptions()
  addPackOptions(program)
  program.action((flags: PackFlags) => pack(flags, program, environment)).addHelpText('after', EXAMPLES)
  program
    .command('inspect')
    .description('shows what is inside an archive: files, handler, inputs and outputs, settings')
    .argument('<archive>', '.mar file, .tar.gz file or archive directory')
    .option('--json', 'print JSON')
    .action((path: string, flags: { json?: true }) => inspect(path, flags, environment))
  return program
}

function addPackOptions(program: Command): void {
  const list = (text: string) => text.split(',').filter((item) => item !== '')
  program
    .option('--model-name <name>', 'name of the model and of its archive (required)')
    .option('-v, --version <version>', 'version of the model (required)')
    .option('--serialized-file <path>', 'the ONNX file; files that hold its weights are found by themselves')
    .option(
      '--handler <name or path>',
      `built-in handler (${BUILT_IN_HANDLERS.join(', ')}), or a .ts or .js file, perhaps with :function; default tensor`,
    )
    .option('--extra-files <list>', 'files, directories and patterns, separated by commas', list)
    .option('-c, --config-file <path>', 'model-config.yaml')
    .option(
      '--triton-config <path>',
      'config.pbtxt of Triton, whose settings are taken over; default the one with the ONNX file',
    )
    .option('--no-triton-config', 'leave a config.pbtxt with the ONNX file alone')
    .option('--export-path <directory>', 'where the archive goes; default the working directory')
    .addOption(
      new Option('--archive-format <format>', 'form of the archive')
        .choices(ARCHIVE_FORMATS)
        .default('default'),
    )
    .addOption(
      new Option('--runtime <name>', 'what runs the handler')
        .argParser(readRuntime)
        .default('node')
        .hideHelp(),
    )
    .option('-f, --force', 'replace an archive that exists')
    .option('--no-verify', 'do not open the model to prove that it loads')
    .option('--json', 'print JSON')
  for (const [flags, advice] of TORCHSERVE_ONLY) {
    const refuse = () => {
      throw new InvalidArgumentError(advice)
    }
    program.addOption(new Option(flags).hideHelp().argParser(refuse))
  }
}

/** There is one, which a script may well name. */
function readRuntime(name: string): string {
  if (name === 'node') return name
  throw new InvalidArgumentError('Handlers run in Node.js: leave this option out, or give node.')
}

/** Options of torch-model-archiver that have no meaning here, with what to do instead. */
const TORCHSERVE_ONLY = [
  ['--model-file <path>', 'An ONNX file holds its own architecture: leave this option out.'],
  ['-r, --requirements-file <path>', 'npm dependencies are bundled with the handler: leave this option out.'],
] as const

async function pack(flags: PackFlags, program: Command, environment: CliEnvironment): Promise<void> {
  const { modelName, version, extraFiles, json, runtime: _, ...options } = flags
  if (modelName === undefined)
    return program.error(`error: required option '--model-name <name>' not specified`)
  if (version === undefined)
    return program.error(`error: required option '-v, --version <version>' not specified`)
  const created = await createArchive({
    ...options,
    modelName,
    version,
    ...(extraFiles === undefined ? {} : { extraFiles }),
    ...createdOn(environment.sourceDateEpoch, program),
    signal: environment.signal,
  })
  for (const notice of created.notices) environment.stderr(`warning: ${notice}\n`)
  environment.stdout(json === true ? `${JSON.stringify(created, null, 2)}\n` : `${formatCreated(created)}\n`)
}

function createdOn(epoch: string | undefined, program: Command): { createdOnSeconds?: number } {
  if (epoch === undefined || epoch === '') return {}
  if (!/^\d{1,11}$/.test(epoch))
    program.error(`error: SOURCE_DATE_EPOCH '${epoch}' must be seconds since 1970`)
  return { createdOnSeconds: Number(epoch) }
}

function formatCreated({ path, bytes, digest, manifest }: CreatedArchive): string {
  const { modelName, modelVersion, handler } = manifest.model
  const content = `${manifest.files.length === 1 ? '1 file' : `${manifest.files.length} files`}, ${formatBytes(bytes)}`
  return `${path}: ${modelName} ${modelVersion}, handler ${handler}, ${content}, sha-256 ${digest}`
}

async function inspect(path: string, flags: { json?: true }, environment: CliEnvironment): Promise<void> {
  const description = await inspectArchive(path)
  const output = flags.json === true ? JSON.stringify(description, null, 2) : formatDescription(description)
  environment.stdout(`${output}\n`)
}

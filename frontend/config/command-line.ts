import { Command, Option } from 'commander'
import type { ConfigSources } from './sources.ts'
import { addConfigOptions, sourcesFromOptions } from './flags.ts'
import { addTune, type GivenForTune } from './tune-command.ts'

/** What the command line says of the configuration. */
export type GivenOnCommandLine = Pick<ConfigSources, 'flags' | 'flagProperties' | 'configFile'>

/** What the commands do. */
export type Commands = {
  readonly start: (given: GivenOnCommandLine, mode: { readonly isDetached: boolean }) => Promise<void>
  readonly stop: (given: GivenOnCommandLine) => Promise<void>
  readonly status: (given: GivenOnCommandLine) => Promise<void>
  readonly version: () => Promise<void>
  readonly clientTypes: (model: string, given: GivenForClientTypes) => Promise<void>
  readonly doctor: (given: GivenForDoctor) => Promise<void>
  readonly installGpu: (given: GivenForInstallGpu) => Promise<void>
  readonly tune: (archive: string, given: GivenForTune) => Promise<void>
}

export type GivenForDoctor = {
  readonly provider?: string
  readonly stateDir?: string
  readonly json?: boolean
}

export type GivenForInstallGpu = {
  readonly from?: string
  readonly sha256?: string
  readonly sourceVersion?: string
  readonly uninstall?: boolean
}

export type GivenForClientTypes = {
  readonly url: string
  readonly modelVersion?: string
  readonly output?: string
}

const TORCHSERVE_USAGE = `
TorchServe's command line is understood as well: --start [--foreground], --stop, --version, with --model-store,
--models, --ts-config, --ncs, --disable-token-auth … Every flag: onnxserve start --help
`

/** @param exit ends the process after a mistake, `--help` or the like; told commander's exit code */
export function createProgram(commands: Commands, exit: (code: number) => never): Command {
  const program = new Command('onnxserve').description('Serves ONNX models over HTTP and gRPC.')
  program.addHelpText('after', TORCHSERVE_USAGE)
  // Before the subcommands, which inherit it: a flag that does not exist is a mistake like any other.
  program.exitOverride(({ exitCode }) => exit(exitCode))
  addStart(program, commands)
  const stop = program
    .command('stop')
    .description('end the server of a state directory after its accepted requests')
  addConfigOptions(stop).action((options: Options) => commands.stop(sourcesFromOptions(options)))
  const status = program.command('status').description('print the server of a state directory as JSON')
  addConfigOptions(status).action((options: Options) => commands.status(sourcesFromOptions(options)))
  program.command('version').description('print the version').action(commands.version)
  addClientTypes(program, commands)
  addDoctor(program, commands)
  addInstallGpu(program, commands)
  addTune(program, commands.tune)
  return program
}

function addClientTypes(program: Command, { clientTypes }: Commands): void {
  program
    .command('client-types')
    .description('write what a model takes and answers as TypeScript, for onnxserve/client')
    .argument('<model>', 'a model of the server, or the path of an archive')
    .option('--url <url>', "the server's inference address", 'http://127.0.0.1:8080')
    .option('--model-version <version>', 'of the model (default: its default version)')
    .option('--output <file>', 'file to write (default: print it)')
    .addHelpText(
      'after',
      '\nA server that asks for tokens gets the one in the variable ONNXSERVE_INFERENCE_TOKEN.',
    )
    .action(clientTypes)
}

function addDoctor(program: Command, { doctor }: Commands): void {
  program
    .command('doctor')
    .description(
      'check Node.js, onnxruntime-node, execution providers, drivers and libraries of this machine',
    )
    .option('--provider <names>', 'tensorrt, cuda, webgpu or cpu: fail unless each of these is usable')
    .option('--state-dir <path>', 'check that this directory can be written')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', '\nExit code 0: usable; 1: Node.js, the runtime or a provider asked for is not.')
    .action(doctor)
}

function addInstallGpu(program: Command, { installGpu }: Commands): void {
  program
    .command('install-gpu')
    .description("put the CUDA libraries of onnxruntime beside onnxruntime-node's binding, without network")
    .option('--from <path>', 'NuGet package, wheel, zip or tar.gz file, or directory, of the same release')
    .option('--sha256 <digest>', 'what the file must have')
    .option('--source-version <version>', 'the release of a source whose name does not say it')
    .option('--uninstall', 'take them away again')
    .addHelpText(
      'after',
      '\nExit code 0: installed; 1: installed or not, something that they need is missing.',
    )
    .action(installGpu)
}

type Options = Readonly<Record<string, unknown>>

function addStart(program: Command, { start }: Commands): void {
  const command = program
    .command('start', { isDefault: true })
    .description('start the server and keep it running until SIGTERM or SIGINT')
    .addOption(new Option('--detach', 'return when it has started, and leave it running in the background'))
    .addOption(new Option('--foreground', 'stay with it: what happens without --detach'))
  command.argument(
    '[paths...]',
    'models to serve from where they lie: *.onnx, archives, directories of these',
  )
  addConfigOptions(command).action((paths: readonly string[], options: Options) =>
    start(sourcesFromOptions(withPaths(options, paths)), {
      isDetached: options['detach'] === true && options['foreground'] !== true,
    }),
  )
}

/** Paths without a flag are those of `--model-paths`, and come before them. */
function withPaths(options: Options, paths: readonly string[]): Options {
  if (paths.length === 0) return options
  const { modelPaths } = options
  const all = typeof modelPaths === 'string' ? [...paths, modelPaths] : paths
  return { ...options, modelPaths: all.join(',') }
}

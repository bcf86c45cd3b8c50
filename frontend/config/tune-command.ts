import { type Command, InvalidArgumentError, Option } from 'commander'
import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../../worker/contract/messages.ts'

/** What `onnxserve tune` is asked for. */
export type GivenForTune = {
  readonly samples: string
  readonly batchRows?: readonly number[]
  readonly workers?: readonly number[]
  readonly threads?: readonly number[]
  readonly providers?: readonly ExecutionProvider[]
  readonly objective: GivenObjective
  readonly seconds: number
  readonly output?: string
  readonly dryRun: boolean
  readonly json?: string
}

export type GivenObjective =
  | { readonly kind: 'throughput' }
  | { readonly kind: 'latency' }
  | { readonly kind: 'bounded'; readonly maxMs: number }

const MAX_ROWS = 65_536
const MAX_THREADS = 256
const DEFAULT_SECONDS = 3

/** Adds `tune` to the program. */
export function addTune(
  program: Command,
  tune: (archive: string, given: GivenForTune) => Promise<void>,
): void {
  program
    .command('tune')
    .description("find an archive's best settings on this machine, and write them into it")
    .argument('<archive>', 'a model archive, as onnx-model-archiver packs it')
    .requiredOption('--samples <directory>', 'files to replay, each the body of a request to /predictions')
    .option('--batch-rows <list>', 'sizes of batches to try (default: 1, 2, 4 … 64)', integers(MAX_ROWS))
    .option('--workers <list>', 'numbers of workers (default: 1, 2, 4 … the CPUs)', integers(MAX_THREADS))
    .option(
      '--threads <list>',
      'threads of a session (default: so that workers × threads ≤ CPUs)',
      integers(MAX_THREADS),
    )
    .option(
      '--providers <list>',
      `execution providers, of ${EXECUTION_PROVIDERS.join(', ')} (default: the archive's)`,
      providers,
    )
    .addOption(
      new Option(
        '--objective <goal>',
        'throughput, latency, or latency:<ms> for the most throughput within it',
      )
        .default({ kind: 'throughput' }, 'throughput')
        .argParser(objective),
    )
    .option('--seconds <number>', 'measured for each combination', positive, DEFAULT_SECONDS)
    .option('--output <archive>', 'write the tuned archive there, and leave the old one')
    .option('--dry-run', 'measure and tell, but write nothing', false)
    .option('--json <file>', 'write what was measured as JSON')
    .action(tune)
}

function integers(max: number): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map((each) => Number(each.trim() === '' ? Number.NaN : each))
    const wrong = values.find((value) => !Number.isInteger(value) || value < 1 || value > max)
    if (wrong !== undefined)
      throw new InvalidArgumentError(`Expected integers from 1 to ${max}, such as 1,2,4.`)
    return [...new Set(values)]
  }
}

function providers(text: string): ExecutionProvider[] {
  const wanted = text.split(',').map((each) => each.trim())
  const known = wanted.flatMap((each) => EXECUTION_PROVIDERS.find((provider) => provider === each) ?? [])
  if (known.length < wanted.length)
    throw new InvalidArgumentError(`Expected some of ${EXECUTION_PROVIDERS.join(', ')}.`)
  return [...new Set(known)]
}

function objective(text: string): GivenObjective {
  if (text === 'throughput' || text === 'latency') return { kind: text }
  const maxMs = Number(/^latency:(\d+(?:\.\d+)?)$/.exec(text)?.[1])
  if (!(maxMs > 0))
    throw new InvalidArgumentError('Expected throughput, latency, or latency:<ms> such as latency:50.')
  return { kind: 'bounded', maxMs }
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

import type { FlagProperty } from './sources.ts'

/** A flag of the `torchserve` command that has no namesake among our own, and the property that it stands for. */
export type TranslatedFlag = {
  /** As commander declares it. */
  readonly flags: string
  readonly doc: string
  /** Where commander keeps its value. */
  readonly option: string
  readonly property: string
  /** The property's value when the flag takes none of its own. */
  readonly text?: string
  /** The property's value, from that of the flag. */
  readonly format?: (value: string) => string
  /** What else it says. */
  readonly also?: readonly StatedProperty[]
  /** Everything that it says, where that depends on its value; `text`, `format` and `also` do not count then. */
  readonly says?: (value: string) => readonly StatedProperty[]
  /** Whether `--help` leaves it out. */
  readonly isHidden?: true
}

export type StatedProperty = { readonly property: string; readonly text: string }

export const TORCHSERVE_FLAGS: readonly TranslatedFlag[] = [
  {
    flags: '--models <archives...>',
    doc: 'archives to register at start: "all", or a list of "file" or "name=file"',
    option: 'models',
    property: 'load_models',
  },
  {
    flags: '--ncs, --no-config-snapshots',
    doc: 'neither bring registrations of an earlier run back nor keep those of this one; same as --restore false',
    option: 'configSnapshots',
    property: 'restore',
    text: 'false',
  },
  {
    flags: '--dt, --disable-token-auth',
    doc: 'serve without tokens',
    option: 'disableTokenAuth',
    property: 'disable_token_authorization',
    text: 'true',
  },
  {
    flags: '--workflow-store <path>',
    doc: 'not applicable: there are no workflows',
    option: 'workflowStore',
    property: 'workflow_store',
  },
  {
    flags: '--ppath, --plugins-path <path>',
    doc: 'not applicable: there are no Java plugins',
    option: 'pluginsPath',
    property: 'plugins_path',
  },
  {
    flags: '--log-config <path>',
    doc: 'not applicable: there is no log4j; see --log-level and --log-format',
    option: 'logConfig',
    property: 'log_config',
  },
  {
    flags: '--cpp-log-config <path>',
    doc: 'not applicable: there is no C++ worker',
    option: 'cppLogConfig',
    property: 'cpp_log_config',
  },
]

/** The properties that the given flags of other servers stand for. */
export function flagProperties(
  options: Readonly<Record<string, unknown>>,
  table: readonly TranslatedFlag[],
): FlagProperty[] {
  return table.flatMap((each) => {
    const value = options[each.option]
    const isNegated = each.flags.includes(`--no-`)
    if (value === undefined || (isNegated && value !== false)) return []
    const [flag = ''] = /--[\w-]+(?=$| [<[])/.exec(each.flags) ?? []
    return statedBy(each, textOf(value)).map((stated) => ({ flag, ...stated }))
  })
}

function statedBy(flag: TranslatedFlag, value: string): readonly StatedProperty[] {
  const { property, text, format = (same) => same, also = [], says } = flag
  return says?.(value) ?? [{ property, text: text ?? format(value) }, ...also]
}

/** A list is given as one text, as in the file; a flag that may have a value and has none is true. */
function textOf(value: unknown): string {
  if (value === true) return 'true'
  return Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : ''
}

const SUBCOMMANDS = new Set([
  'start',
  'stop',
  'status',
  'version',
  'client-types',
  'doctor',
  'install-gpu',
  'tune',
  'help',
])
const VERSION_FLAGS = new Set(['-v', '--version'])

/**
 * TorchServe's verbs, `--start`, `--stop` and `--version`, as the subcommands that they stand for; other arguments
 * stay as they are.
 *
 * `--start` without `--foreground` detaches, as it does there; `start`, or no verb at all, stays.
 *
 * @returns undefined when two verbs contradict each other
 */
export function commandFrom(given: readonly string[]): readonly string[] | undefined {
  const args = given.map(withDashes)
  if (SUBCOMMANDS.has(args[0] ?? '')) return args
  const has = (flag: string) => args.includes(flag)
  const rest = args.filter((each) => !['--start', '--stop', '--foreground'].includes(each))
  if (has('--start') && has('--stop')) return undefined
  if (args.some((each) => VERSION_FLAGS.has(each))) return ['version']
  if (has('--stop')) return ['stop', ...rest]
  if (has('--start') && !has('--foreground')) return ['start', '--detach', ...rest]
  return ['--help', '-h'].includes(args[0] ?? '') ? args : ['start', ...rest]
}

/** `--model_name=a_b` as KServe and TensorFlow Serving write flags, in our spelling. */
function withDashes(arg: string): string {
  return arg.replace(/^--[a-z][a-z0-9_-]*(?==|$)/, (flag) => flag.replaceAll('_', '-'))
}

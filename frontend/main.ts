#!/usr/bin/env node
import { Command } from 'commander'
import { messageOf, ServingError } from '../worker/contract/errors.ts'
import { addConfigOptions, sourcesFromOptions } from './config/flags.ts'
import { loadConfig } from './config/load.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import { Server } from './server.ts'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2
/** The saved registry cannot be read: starting empty would lose registrations. */
const EXIT_STATE = 3
const EXIT_INTERRUPTED = 130

// onnxruntime-node reads this when it loads. This process never loads it; its children inherit nothing else.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

export function createProgram(): Command {
  const program = new Command('onnxserve').description('Serves ONNX models over HTTP.')
  // Before the subcommand, which inherits it: a flag that does not exist is a mistake like any other.
  program.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE))
  addConfigOptions(
    program
      .command('start', { isDefault: true })
      .description('start the server and keep it running until SIGTERM or SIGINT'),
  ).action(async (options: Record<string, string>) => {
    await start(options)
  })
  return program
}

async function start(options: Record<string, string>): Promise<void> {
  const { config, notes } = loadConfig(
    {
      ...sourcesFromOptions(options),
      environment: process.env,
      workingDirectory: process.cwd(),
    },
    quirksOf,
  )
  const host = {
    pid: process.pid,
    execPath: process.execPath,
    execArgv: process.execArgv.filter((flag) => !FLAGS_OF_THIS_PROCESS.test(flag)),
    environment: process.env,
  }
  const server = new Server(config, host, notes)
  // Before the start: restored models answer while others still load.
  closeOnSignal(server)
  await server.start()
}

/** Not for worker processes: a debugger's port is taken here, and a profile is of this process. */
const FLAGS_OF_THIS_PROCESS = /^--(inspect|cpu-prof|heap-prof)/

/** The first signal drains; a second one ends at once. */
function closeOnSignal(server: Server): void {
  let isClosing = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Nothing here loads ONNX Runtime, so exiting is safe; worker processes die with their socket.
      if (isClosing) process.exit(EXIT_INTERRUPTED)
      isClosing = true
      server.close().then(
        () => process.exit(0),
        (error: unknown) => {
          fail(error, EXIT_FAILURE)
        },
      )
    })
  }
}

function fail(error: unknown, exitCode: number): void {
  process.stderr.write(`onnxserve: ${messageOf(error)}\n`)
  process.exit(exitCode)
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof ServingError)) return EXIT_FAILURE
  if (error.reason === 'snapshot') return EXIT_STATE
  return error.code === 'invalid_argument' ? EXIT_USAGE : EXIT_FAILURE
}

try {
  await createProgram().parseAsync()
} catch (error) {
  fail(error, exitCodeOf(error))
}

#!/usr/bin/env node
import type { ChildProcess } from 'node:child_process'
import { messageOf, ServingError } from '../worker/contract/errors.ts'
import { startInBackground, STARTED_MESSAGE } from './background.ts'
import { clientTypes } from './client-types.ts'
import type { HostProcess } from './compose-core.ts'
import { createProgram, type GivenOnCommandLine } from './config/command-line.ts'
import { loadConfig, type LoadedConfig, type QuirksOf } from './config/load.ts'
import type { GivenForTune } from './config/tune-command.ts'
import { environmentName, SETTINGS } from './config/schema.ts'
import { commandFrom } from './config/torchserve-flags.ts'
import { realSystem, type DoctorHost } from './doctor/real-system.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import { noServer, runningServer, stopServer } from './running-server.ts'
import { Server } from './server.ts'
import { listenersText } from './startup-report.ts'
import { withHome } from './temporary-home.ts'
import { writeTerminationLog } from './termination-log.ts'
import { packageVersion } from './version.ts'
import { boundYoungGeneration } from './young-generation.ts'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2
/** The saved registry cannot be read: starting empty would lose registrations. */
const EXIT_STATE = 3
const EXIT_INTERRUPTED = 130

/** Known for certain when the configuration has been read; that, too, may fail. */
let terminationLog = process.env[environmentName('terminationLog')] ?? SETTINGS.terminationLog.default

// onnxruntime-node reads this when it loads. This process never loads it; its children inherit nothing else.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

function configFrom(given: GivenOnCommandLine, quirks: QuirksOf = quirksOf): LoadedConfig {
  const environment = process.env
  return loadConfig({ ...given, environment, workingDirectory: process.cwd() }, quirks)
}

/** Where a server that runs keeps its state. Properties that are no settings were judged when it started. */
function stateDirFrom(given: GivenOnCommandLine): string {
  const overlookingUnknown: QuirksOf = (compatibility) => {
    const hasQuirk = quirksOf(compatibility)
    return (name) => name === 'unknownProperties' || hasQuirk(name)
  }
  return configFrom(given, overlookingUnknown).config.stateDir
}

async function start(given: GivenOnCommandLine): Promise<void> {
  boundYoungGeneration()
  const loaded = configFrom(given)
  terminationLog = loaded.config.terminationLog
  const { config, remove } = withHome(loaded.config)
  process.once('exit', remove)
  const server = new Server(config, hostProcess(), loaded.notes)
  // Before the start: restored models answer while others still load.
  closeOnSignal(server)
  await server.start()
  // In the background: whoever started it may go now.
  if (process.connected) process.send?.(STARTED_MESSAGE, () => process.disconnect())
}

function hostProcess(): HostProcess {
  return { pid: process.pid, execPath: process.execPath, execArgv: execArgv(), environment: process.env }
}

function execArgv(): string[] {
  return process.execArgv.filter((flag) => !FLAGS_OF_THIS_PROCESS.test(flag))
}

/** Not for child processes: a debugger's port is taken here, and a profile is of this process. */
const FLAGS_OF_THIS_PROCESS = /^--(inspect|cpu-prof|heap-prof)/

async function startDetached(given: GivenOnCommandLine): Promise<void> {
  const { config } = configFrom(given) // a mistake is told here, not in a log
  if (config.stateDir === '') throw homeless()
  const [, program = '', ...args] = process.argv
  const command = {
    execPath: process.execPath,
    args: [...execArgv(), program, ...foregroundArguments(args)],
    logLocation: config.logLocation,
  }
  const outcome = await startInBackground(command, endWithThisProcess)
  if (!outcome.isStarted) {
    process.stderr.write(outcome.log)
    fail(new Error(`the server has not started; its log is ${outcome.logFile}`), outcome.exitCode)
    return
  }
  const { addresses } = (await runningServer(config.stateDir)) ?? {}
  print(`Model server started: process ${outcome.pid}, on ${listenersText(addresses ?? {})}`)
  print(`its log is ${outcome.logFile}; end it with: onnxserve stop --state-dir ${config.stateDir}`)
}

function foregroundArguments(args: readonly string[]): readonly string[] {
  return (commandFrom(args) ?? []).filter((each) => each !== '--detach')
}

/** Whoever interrupts a start does not want its server. */
function endWithThisProcess(child: ChildProcess): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      child.kill('SIGTERM')
      process.exit(EXIT_INTERRUPTED)
    })
  }
}

async function stop(given: GivenOnCommandLine): Promise<void> {
  const stateDir = stateDirFrom(given)
  const pid = await stopServer(stateDir, (target, signal) => process.kill(target, signal))
  print(`the server with process id ${pid} has ended`)
}

async function status(given: GivenOnCommandLine): Promise<void> {
  const stateDir = stateDirFrom(given)
  const server = await runningServer(stateDir)
  if (server === undefined) throw noServer(stateDir)
  print(JSON.stringify(server, undefined, 2))
}

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

/** Where others would look for a server in the background. */
function homeless(): ServingError {
  return new ServingError(
    'invalid_argument',
    'a server in the background needs a place that others find it by: give --state-dir or --model-store',
  )
}

async function tune(archive: string, given: GivenForTune): Promise<void> {
  const { config } = configFrom({ flags: {} })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  try {
    const { tuneArchive } = await import('./tune-archive.ts') // a start needs none of it
    await tuneArchive({ archive, given, config, host: hostProcess(), print, signal: stop.signal })
  } catch (error) {
    if (!stop.signal.aborted) throw error
    fail(new Error('interrupted; the archive is as it was'), EXIT_INTERRUPTED)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function doctorHost(): DoctorHost {
  const { platform, arch, version: nodeVersion, env: environment, execPath } = process
  // Of no use here, and it may wait for a name server.
  Object.assign(process.report, { excludeNetwork: true }) // not in the typings
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } } // typed by node as object
  const glibcVersion = header.glibcVersionRuntime
  return { platform, arch, nodeVersion, glibcVersion, environment, execPath, execArgv: execArgv() }
}

/** @param isGood whether the exit code says so, too */
function printAndExit(text: string, isGood: boolean): void {
  print(text)
  if (!isGood) process.exitCode = EXIT_FAILURE
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

const program = createProgram(
  {
    start: (given, { isDetached }) => (isDetached ? startDetached(given) : start(given)),
    stop,
    status,
    tune,
    version: () => Promise.resolve(print(`onnxserve ${packageVersion()}`)),
    clientTypes: async (model, { url, modelVersion: version, output }) => {
      const token = process.env['ONNXSERVE_INFERENCE_TOKEN']
      process.stdout.write(await clientTypes({ model, version, url, token, output }))
    },
    doctor: async (given) => {
      const { doctorCommand } = await import('./doctor/command.ts')
      const { text, isUsable } = await doctorCommand(given, doctorHost())
      printAndExit(text, isUsable)
    },
    installGpu: async (given) => {
      const { installGpuCommand } = await import('./gpu-install/command.ts')
      const { text, isComplete } = await installGpuCommand(given, realSystem(doctorHost()))
      printAndExit(text, isComplete)
    },
  },
  (code) => process.exit(code === 0 ? 0 : EXIT_USAGE),
)

try {
  const args = commandFrom(process.argv.slice(2))
  if (args === undefined)
    fail(new Error('--start and --stop contradict each other; give one of them'), EXIT_USAGE)
  else await program.parseAsync(args, { from: 'user' })
} catch (error) {
  writeTerminationLog(terminationLog, error, exitCodeOf(error))
  fail(error, exitCodeOf(error))
}

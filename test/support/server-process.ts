import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/frontend/main.js', import.meta.url))

export type ServerProcessOptions = {
  /** Absent: what is served is among the arguments. */
  readonly modelStore?: string
  readonly workingDirectory?: string
  /** Whether the arguments say where predictions are served. */
  readonly choosesPorts?: true
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** The built server as a child process, on ports of the operating system's choice. */
export class ServerProcess {
  readonly child: ChildProcess
  /** Everything it printed so far. */
  output = ''
  inference = ''
  management = ''
  metrics = ''
  /** `host:port`; empty without gRPC. */
  grpcInference = ''
  grpcManagement = ''
  readonly #exited: Promise<number | NodeJS.Signals>

  private constructor(options: ServerProcessOptions) {
    const isLeft = (listener: string) => !(options.choosesPorts === true && listener === 'inference')
    const addresses = ['inference', 'management', 'metrics']
      .filter(isLeft)
      .flatMap((listener) => [`--${listener}-address`, 'http://127.0.0.1:0'])
    const ports = ['inference', 'management']
      .filter(isLeft)
      .flatMap((listener) => [`--grpc-${listener}-port`, '0'])
    const args = [
      MAIN,
      'start',
      ...(options.modelStore === undefined ? [] : ['--model-store', options.modelStore]),
      ...addresses,
      ...ports,
      ...(options.args ?? []),
    ]
    this.child = spawn(process.execPath, args, {
      ...(options.workingDirectory === undefined ? {} : { cwd: options.workingDirectory }),
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exited = once(this.child, 'exit').then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals, // the event's documented arguments
    )
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
  }

  /** Resolves when the server says where it listens, which it does after its models have loaded. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    const found = await server.untilOutput(
      /listens on (\S+) \(inference\), (\S+) \(management\)(?:, (\S+) \(metrics\))?.*\n/,
    )
    server.inference = found[1] ?? ''
    server.management = found[2] ?? ''
    server.metrics = found[3] ?? ''
    const grpc = /, (\S+) \(gRPC inference\), (\S+) \(gRPC management\)/.exec(server.output)
    server.grpcInference = grpc?.[1] ?? ''
    server.grpcManagement = grpc?.[2] ?? ''
    return server
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get exited(): Promise<number | NodeJS.Signals> {
    return this.#exited
  }

  /** @returns its exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal)
    return this.#exited
  }

  /** Resolves when it has printed what matches. */
  async untilOutput(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output)
      if (found !== null) return found
      const ended = await Promise.race([
        this.#exited,
        once(this.child.stdout ?? this.child, 'data').then(() => undefined),
      ])
      if (ended !== undefined) throw new Error(`the server ended with ${ended}:\n${this.output}`)
    }
  }
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'onnxserve-test-'))
}

export function removeDirectory(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}

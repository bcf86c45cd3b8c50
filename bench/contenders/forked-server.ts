import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender } from './contender.ts'
import { firstMessage } from './first-message.ts'
import type { LoopWatch } from './loop-watch.ts'

export type ForkOptions = {
  readonly args?: readonly string[]
  readonly loopWatch?: LoopWatch
}

/** A server of one process that tells its port as its only message, and ends when its channel does. */
export async function startForkedServer(module: URL, options: ForkOptions = {}): Promise<Contender> {
  const { args = [], loopWatch } = options
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...loopWatch?.environment }
  const child = fork(module, args, { env })
  const port = (await firstMessage(child)) as number // its only message
  return {
    ...(loopWatch === undefined ? {} : { loopWatch: loopWatch.of(child.pid ?? 0) }),
    port,
    path: '/',
    frontendPid: child.pid ?? 0,
    workerPids: () => [],
    close: async () => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender } from './contender.ts'
import { firstMessage } from './first-message.ts'

/** A server of one process that tells its port as its only message, and ends when its channel does. */
export async function startForkedServer(module: URL, args: readonly string[] = []): Promise<Contender> {
  const child = fork(module, args, { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } })
  const port = (await firstMessage(child)) as number // its only message
  return {
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

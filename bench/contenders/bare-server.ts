import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender } from './contender.ts'
import { firstMessage } from './first-message.ts'

export async function startBareServer(modelPath: string): Promise<Contender> {
  const child = fork(new URL('./bare-server.main.ts', import.meta.url), [modelPath], {
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  })
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

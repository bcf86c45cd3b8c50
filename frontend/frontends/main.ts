import type { Socket } from 'node:net'
import { FrontendServer } from './frontend-server.ts'
import { boundYoungGeneration } from '../young-generation.ts'
import type { ToFrontend } from './messages.ts'

/*
 * Entry of a frontend process that the primary has started. It lives as long as the channel to the primary, and ends
 * when that says so, or has ended.
 */

// onnxruntime-node reads this when it loads. This process never loads it.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

// The primary decides when this process ends. A Ctrl-C or a service manager signals the whole group.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
// The primary has died, and the reader of the log with it: an exit would wait for what cannot be written any more.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

boundYoungGeneration()

let server: FrontendServer | undefined
let start: Promise<void> = Promise.resolve()

process.on('message', (message: ToFrontend, connection?: Socket) => {
  if (message.kind === 'setup') {
    server = new FrontendServer(message, {
      environment: process.env,
      send: (answer) => void process.send?.(answer, undefined, {}, () => undefined),
    })
    start = server.start()
  } else if (message.kind === 'close') void end(message.timeoutMs)
  else server?.receive(message, connection)
})

async function end(timeoutMs: number): Promise<void> {
  await start
  await server?.close(timeoutMs)
  process.exit(0)
}

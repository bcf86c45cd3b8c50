import { fork } from 'node:child_process'
import { once } from 'node:events'
import { firstMessage } from './first-message.ts'

export type RawLoopJob = {
  readonly modelPath: string
  readonly rows: number
  readonly columns: number
  readonly durationMs: number
}

/** Rows per second of a bare `session.run` loop, in a process of its own. */
export async function runRawLoop({ modelPath, rows, columns, durationMs }: RawLoopJob): Promise<number> {
  const child = fork(
    new URL('./raw-loop.main.ts', import.meta.url),
    [modelPath, String(rows), String(columns), String(durationMs)],
    { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } },
  )
  const exited = once(child, 'exit')
  const rowsPerSecond = (await firstMessage(child)) as number // its only message
  await exited
  return rowsPerSecond
}

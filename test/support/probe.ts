import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('../../worker/probe/main.ts', import.meta.url))

/** The answer of the probe program, parsed, and how it ended. */
export async function probe(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ answer: unknown; signal: unknown }> {
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [, signal] = (await once(child, 'close')) as [number | null, string | null] // types of the event
  return { answer: JSON.parse(output.trim().split('\n').at(-1) ?? ''), signal }
}

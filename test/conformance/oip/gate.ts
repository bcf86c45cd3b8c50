import { writeFile, access } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Holds requests inside their handler until the test lets them go: files tell both sides how far the other is. */
export class Gate {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Resolves when the request with this value runs. */
  async held(value: number): Promise<void> {
    await untilExists(join(this.#directory, `${value}.held`))
  }

  async hasRun(value: number): Promise<boolean> {
    return exists(join(this.#directory, `${value}.held`))
  }

  async open(...values: readonly number[]): Promise<void> {
    for (const value of values) await writeFile(join(this.#directory, `${value}.open`), '')
  }

  /** A handler that answers its value when the gate is open for it, and loads when it is open for `loads`. */
  handler(loads?: number): string {
    return `
import { access, writeFile } from 'node:fs/promises'
import { defineHandler } from 'onnxserve/handler'

const directory = ${JSON.stringify(this.#directory)}
const tensor = (name) => ({ name, dtype: 'FP32', shape: [-1, 1] })

async function pass(value) {
  await writeFile(directory + '/' + value + '.held', '')
  for (;;) {
    try {
      return await access(directory + '/' + value + '.open')
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ${POLL_MS}))
    }
  }
}

export default defineHandler({
  signature: { inputs: [tensor('INPUT0')], outputs: [tensor('OUTPUT0')] },
  async initialize() {
    ${loads === undefined ? '' : `await pass(${loads})`}
  },
  handle: (requests) => Promise.all(requests.map(async ({ tensors }) => {
    await pass(tensors[0].data[0])
    return [{ ...tensors[0], name: 'OUTPUT0' }]
  })),
})
`
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false, // not yet
  )
}

async function untilExists(path: string): Promise<void> {
  while (!(await exists(path))) await delay(POLL_MS)
}

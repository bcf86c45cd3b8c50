import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson, until, type HttpAnswer } from '../support/http-client.ts'
import { endlessLoop, allocationBomb, mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const ROW = { x: [[1, 2, 3, 4]] }

/** Does what the request's text says: the handler that everything can go wrong in. */
const UNRULY_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async preprocess(request) {
    const order = request.text()
    if (order === 'throw') throw new Error('a bug in the handler')
    if (order === 'loop') for (;;);
    if (order === 'exit') process.exit(3)
    if (order === 'reject') void Promise.reject(new Error('nobody awaits this'))
    if (order === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
    return { x: { dtype: 'FP32', shape: [1, 4], data: new Float32Array(4) } }
  },
  postprocess(outputs, request) {
    return { order: request.text() }
  },
})
`

/** Slow enough that requests are queued and running whenever a process is killed. */
const PACED_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async preprocess(request) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { x: { dtype: 'FP32', shape: [1, 4], data: Float32Array.from(request.json().x[0]) } }
  },
  postprocess(outputs) {
    return { y: [...outputs.y.data] }
  },
})
`
const PACED_CONFIG = 'maxBatchRows: 4\nmaxQueuedRequests: 1000\n'

describe('a fault in a worker', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    const tiny = mlp([4, 16, 3], 1)
    const paced = { model: tiny, handler: PACED_HANDLER }
    await packTestArchive(modelStore, { modelName: 'single', ...paced, config: PACED_CONFIG })
    await packTestArchive(modelStore, {
      modelName: 'spread',
      ...paced,
      config: `${PACED_CONFIG}minWorkers: 2\nworkerProcesses: 2\n`,
    })
    await packTestArchive(modelStore, {
      modelName: 'unruly',
      model: tiny,
      handler: UNRULY_HANDLER,
      config: 'inferenceTimeoutMs: 1500\n',
    })
    await packTestArchive(modelStore, {
      modelName: 'paired',
      model: tiny,
      handler: UNRULY_HANDLER,
      config: 'inferenceTimeoutMs: 1500\nminWorkers: 2\n',
    })
    await packTestArchive(modelStore, {
      modelName: 'endless',
      model: endlessLoop('positive'),
      config: 'inferenceTimeoutMs: 1000\n',
    })
    await packTestArchive(modelStore, { modelName: 'bomb', model: allocationBomb() })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  for (const model of ['single', 'spread']) {
    it(`fails none of 200 requests in flight when a worker process of '${model}' is killed`, async () => {
      const agent = new Agent({ keepAlive: true })
      const url = `${server.inference}/predictions/${model}`
      const pid = await pidOf(model)
      const answers: Promise<HttpAnswer>[] = []
      for (let i = 0; i < 200; i++) answers.push(postJson(url, ROW, { agent }))
      await until(`${server.management}/models/${model}`, ({ text }) => pendingOf(text) >= 50)
      process.kill(pid, 'SIGKILL')
      const statuses = (await Promise.all(answers)).map((answer) => answer.status)
      agent.destroy()
      assert.deepEqual(new Set(statuses), new Set([200]))
      const { text } = await http(`${server.management}/models/${model}`)
      assert.equal(versionOf(text).restarts, 1)
    })
  }

  it('loses nothing when worker processes are killed again and again under load', async () => {
    const agent = new Agent({ keepAlive: true })
    const load = Array.from({ length: 16 }, async () => {
      const statuses: number[] = []
      for (let i = 0; i < 60; i++) {
        statuses.push((await postJson(`${server.inference}/predictions/spread`, ROW, { agent })).status)
      }
      return statuses
    })
    let killed = 0
    for (let kill = 0; kill < 3; kill++) {
      // The server notices a death some milliseconds later; until then it lists the dead process.
      const isWhole = (text: string) => statesOf(text).every(isReady) && !pidsOf(text).includes(killed)
      const { text } = await until(`${server.management}/models/spread`, (answer) => isWhole(answer.text))
      killed = pidsOf(text)[0] ?? 0
      process.kill(killed, 'SIGKILL')
    }
    const statuses = (await Promise.all(load)).flat()
    agent.destroy()
    assert.deepEqual(new Set(statuses), new Set([200]))
  })

  const ENDINGS = [
    { order: 'throw', status: 500 },
    { order: 'exit', status: 500 },
  ]
  for (const { order, status } of ENDINGS) {
    it(`answers ${status} to the request whose handler does '${order}', and 200 to its neighbours`, async () => {
      const url = `${server.inference}/predictions/unruly`
      // A slow request first, so that the others queue up behind it and are batched together.
      const slow = http(url, { body: 'slow' })
      const good = Array.from({ length: 5 }, () => http(url, { body: 'good' }))
      const bad = http(url, { body: order })
      const neighbours = await Promise.all([slow, ...good])
      assert.deepEqual(new Set(neighbours.map((answer) => answer.status)), new Set([200]))
      assert.equal((await bad).status, status)
      await until(`${server.inference}/ready/unruly`, (answer) => answer.status === 200)
      assert.equal((await http(url, { body: 'good' })).status, 200)
    })
  }

  it('answers 504 to a handler that loops for ever, and 200 to all that the other thread serves meanwhile', async () => {
    const url = `${server.inference}/predictions/paired`
    const looping = http(url, { body: 'loop' })
    // Requests of one turn would share its batch, and its fate.
    await until(`${server.metrics}/metrics`, ({ text }) =>
      /^onnxserve_running_batches\{.*"paired".*\} 1$/m.test(text),
    )
    const statuses: number[] = []
    for (const startedMs = performance.now(); performance.now() - startedMs < 2500;) {
      statuses.push((await http(url, { body: 'good' })).status)
    }
    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.equal((await looping).status, 504)
    await untilRestarted('paired')
  })

  it('ends an ONNX Loop that never ends, answers 504, and serves the next request', async () => {
    const url = `${server.inference}/predictions/endless`
    assert.equal((await postJson(url, { x: [[1]] })).status, 504)
    await untilRestarted('endless')
    assert.equal((await postJson(url, { x: [[-1]] })).status, 200)
  })

  it('survives a promise that a handler forgot', async () => {
    const url = `${server.inference}/predictions/unruly`
    await http(url, { body: 'reject' })
    assert.equal((await http(url, { body: 'good' })).status, 200)
  })

  it('turns an allocation bomb into an error of that request', async () => {
    const answer = await postJson(`${server.inference}/predictions/bomb`, { shape: [[100_000, 20_000]] })
    assert.equal(answer.status, 507)
    assert.match(answer.text, /ran out of memory; send a smaller request/)
    assert.equal((await postJson(`${server.inference}/predictions/bomb`, { shape: [[2, 3]] })).status, 200)
  })

  it('never shows a stack trace or a path', async () => {
    const answer = await http(`${server.inference}/predictions/unruly`, { body: 'throw' })
    const error = JSON.parse(answer.text) as Record<string, unknown>
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'type'])
    assert.doesNotMatch(answer.text, /\bat |\.ts|\.js|\/objects\//)
  })

  async function pidOf(model: string): Promise<number> {
    const { text } = await http(`${server.management}/models/${model}`)
    return versionOf(text).workers.find(({ pid }) => pid !== undefined)?.pid ?? 0
  }

  async function untilRestarted(model: string): Promise<void> {
    await until(
      `${server.management}/models/${model}`,
      ({ text }) => versionOf(text).restarts > 0 && statesOf(text).every(isReady),
    )
  }
})

type Described = {
  readonly restarts: number
  readonly workers: readonly { pid?: number; status: string }[]
  readonly jobQueueStatus: { readonly pendingRequests: number }
}

function versionOf(text: string): Described {
  const [version] = JSON.parse(text) as [Described]
  return version
}

function pendingOf(text: string): number {
  return versionOf(text).jobQueueStatus.pendingRequests
}

function statesOf(text: string): string[] {
  return versionOf(text).workers.map(({ status }) => status)
}

function pidsOf(text: string): number[] {
  return versionOf(text).workers.flatMap(({ pid }) => pid ?? [])
}

function isReady(status: string): boolean {
  return status === 'READY'
}

import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const ROW = { x: [[1, 2, 3, 4]] }

type Described = { modelVersion: string; minWorkers: number; maxWorkers: number; batchSize: number }

describe('the registry', function () {
  this.timeout(60_000)
  let modelStore: string

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    await packTestArchive(modelStore, { modelName: 'other', model: mlp([4, 8, 3], 2) })
  })

  after(() => removeDirectory(modelStore))

  it('comes back after kill -9 as it was acknowledged, though the archive is gone', async () => {
    const first = await ServerProcess.start({ modelStore })
    await accepted(`${first.management}/models?url=tiny.mar&initial_workers=1&batch_size=5`, 'POST')
    await accepted(`${first.management}/models?url=other.mar&initial_workers=1&model_name=second`, 'POST')
    await accepted(`${first.management}/models/tiny?min_worker=2&max_worker=3&synchronous=true`, 'PUT')
    await first.stop('SIGKILL')
    await removeDirectory(`${modelStore}/tiny.mar`)

    const second = await ServerProcess.start({ modelStore })
    try {
      const tiny = await describeModel(second, 'tiny')
      assert.deepEqual([tiny.minWorkers, tiny.maxWorkers, tiny.batchSize], [2, 3, 5])
      for (const model of ['tiny', 'second']) {
        assert.equal((await postJson(`${second.inference}/predictions/${model}`, ROW)).status, 200)
      }
      assert.equal((await http(`${second.inference}/ping`)).status, 200)
      await accepted(`${second.management}/models/second`, 'DELETE')
    } finally {
      await second.stop('SIGKILL')
    }

    const third = await ServerProcess.start({ modelStore })
    const gone = await http(`${third.inference}/predictions/second`, { body: '{}' })
    assert.equal(gone.status, 404)
    assert.equal(await third.stop(), 0)
  })

  it('has a registration that was acknowledged, and a scaling entirely or not at all', async () => {
    for (const [round, killAfterMs] of [0, 5, 20, 60].entries()) {
      const model = `cut-${round}`
      const first = await ServerProcess.start({ modelStore })
      await accepted(`${first.management}/models?url=other.mar&initial_workers=1&model_name=${model}`, 'POST')
      const scaled = http(`${first.management}/models/${model}?min_worker=2&max_worker=3`, { method: 'PUT' })
      const cut = scaled.catch(() => undefined) // the kill may leave it without an answer
      await new Promise((resolve) => setTimeout(resolve, killAfterMs))
      await first.stop('SIGKILL')
      const wasAcknowledged = (await cut)?.status === 202

      const second = await ServerProcess.start({ modelStore })
      const { minWorkers, maxWorkers } = await describeModel(second, model)
      await accepted(`${second.management}/models/${model}`, 'DELETE')
      await second.stop()
      const allowed = wasAcknowledged ? ['2 3'] : ['1 1', '2 3']
      assert.ok(allowed.includes(`${minWorkers} ${maxWorkers}`), `${minWorkers} ${maxWorkers}`)
    }
  })

  it('keeps the default version that was acknowledged', async () => {
    const first = await ServerProcess.start({ modelStore })
    await packTestArchive(modelStore, { modelName: 'pair', model: mlp([4, 8, 3], 3) })
    await accepted(`${first.management}/models?url=pair.mar&initial_workers=0`, 'POST')
    await packTestArchive(modelStore, { modelName: 'pair', version: '2.0', model: mlp([4, 8, 3], 4) })
    await accepted(`${first.management}/models?url=pair.mar&initial_workers=0`, 'POST')
    const before = await describeModel(first, 'pair')
    await accepted(`${first.management}/models/pair/2.0/set-default`, 'PUT')
    await first.stop('SIGKILL')

    const second = await ServerProcess.start({ modelStore })
    const after = await describeModel(second, 'pair')
    await second.stop()
    assert.deepEqual([before.modelVersion, after.modelVersion], ['1.0', '2.0'])
  })

  it('belongs to one server at a time', async () => {
    const server = await ServerProcess.start({ modelStore })
    await assert.rejects(ServerProcess.start({ modelStore }), /state directory .* is in use by the server/)
    await server.stop()
  })

  it('takes its worker processes with it when it is killed', async () => {
    const server = await ServerProcess.start({ modelStore })
    const { text } = await http(`${server.management}/models/tiny`)
    const [{ workers }] = JSON.parse(text) as [{ workers: { pid: number }[] }]
    await server.stop('SIGKILL')
    for (const { pid } of workers) await untilGone(pid)
  })
})

describe('SIGTERM', function () {
  this.timeout(60_000)

  it('makes the server unready while it drains', async () => {
    const modelStore = await temporaryDirectory()
    const server = await ServerProcess.start({ modelStore })
    // Connections that are open when the signal comes are served on; new ones are refused.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ready = () => http(`${server.inference}/ready`, { agent })
    assert.equal((await ready()).status, 200)
    const exit = server.stop()
    let answer = await ready()
    while (answer.status === 200) answer = await ready()
    agent.destroy()
    assert.equal(answer.status, 503)
    assert.match(answer.text, /shutting down/)
    assert.equal(await exit, 0)
    await removeDirectory(modelStore)
  })

  it('loses no accepted request under load, and exits with 0', async () => {
    const modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    const server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    const agent = new Agent({ keepAlive: true })
    const url = `${server.inference}/predictions/tiny`
    const outcomes: string[] = []
    const clients = Array.from({ length: 32 }, async () => {
      for (;;) {
        const outcome = await postJson(url, ROW, { agent }).then(
          ({ status }) => String(status),
          (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
        )
        outcomes.push(outcome)
        // Refused is the end of the listener; everything else must be an answer.
        if (outcome === 'ECONNREFUSED') return
      }
    })
    await untilCount(outcomes, 500)
    const exit = await server.stop()
    await Promise.all(clients)
    agent.destroy()
    await removeDirectory(modelStore)
    assert.equal(exit, 0)
    assert.deepEqual(new Set(outcomes), new Set(['200', 'ECONNREFUSED']))
  })
})

async function accepted(url: string, method: string): Promise<void> {
  const answer = await http(url, { method })
  assert.equal(answer.status, 200, answer.text)
}

async function describeModel(server: ServerProcess, model: string): Promise<Described> {
  const { text } = await http(`${server.management}/models/${model}`)
  const [version] = JSON.parse(text) as [Described]
  return version
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // no such process
  }
}

async function untilCount(list: readonly unknown[], count: number): Promise<void> {
  while (list.length < count) await new Promise((resolve) => setImmediate(resolve))
}

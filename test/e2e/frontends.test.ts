import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson, until } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { Traffic } from '../support/traffic.ts'

const FRONTENDS = 3
const ROW = [1, 2, 3, 4]

/** Takes its time, and dies of a request that says so. */
const HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async preprocess(request) {
    const text = request.text()
    if (text.includes('die')) process.kill(process.pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 5))
    return { x: { dtype: 'FP32', shape: [1, 4], data: Float32Array.from(JSON.parse(text)) } }
  },
  postprocess(outputs) {
    return { y: [...outputs.y.data] }
  },
})
`

type Route = { readonly path: string; readonly body: unknown }

const ROUTES: readonly Route[] = [
  { path: '/predictions/plain', body: { x: [ROW] } },
  { path: '/predictions/plain/1.0', body: { x: [ROW] } },
  {
    path: '/v2/models/plain/infer',
    body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: ROW }] },
  },
  { path: '/v1/models/plain:predict', body: { instances: [ROW] } },
  { path: '/v1/models/plain/labels/stable:predict', body: { instances: [ROW] } },
  { path: '/predictions/absent', body: {} },
  { path: '/v2/models/plain/infer', body: { inputs: [] } },
  { path: '/v2/models/plain', body: undefined },
  { path: '/v1/models/plain', body: undefined },
  { path: '/v2/health/ready', body: undefined },
  { path: '/nothing/here', body: undefined },
]

/** A process that has ended stays in the table until its new parent has looked at it. */
function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`
  return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z ')
}

/** Of the ready workers in a description. */
function pidsIn(description: string): number[] {
  const [version] = JSON.parse(description) as [{ workers: readonly { pid: number; status: string }[] }]
  return version.workers.flatMap(({ pid, status }) => (status === 'READY' ? pid : []))
}

describe('three frontend processes', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let agents: Agent[] = []

  before(async () => {
    modelStore = await temporaryDirectory()
    const model = mlp([4, 16, 3], 1)
    await packTestArchive(modelStore, { modelName: 'plain', model })
    const config = 'maxBatchRows: 4\nmaxQueuedRequests: 1000\nminWorkers: 2\nworkerProcesses: 2\n'
    const handled = { model, handler: HANDLER, config }
    await packTestArchive(modelStore, { modelName: 'handled', ...handled })
  })
  after(() => removeDirectory(modelStore))
  beforeEach(async () => {
    const args = ['--load-models', 'all', '--frontends', String(FRONTENDS), '--restore', 'false']
    server = await ServerProcess.start({ modelStore, args })
  })
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy()
    await server.stop('SIGKILL')
  })

  /** A connection each: connections are given to the processes in turn. */
  function connections(count: number): Agent[] {
    const made = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    agents = [...agents, ...made]
    return made
  }

  async function frontendPids(): Promise<number[]> {
    const [, pids = ''] = await server.untilOutput(/share the inference address: ([\d, ]+)/)
    return pids.split(', ').map(Number)
  }

  const predict = async (agent: Agent, body = JSON.stringify(ROW)) => {
    const { status, text } = await http(`${server.inference}/predictions/handled`, { agent, body })
    return status === 200 ? '200' : `${status} ${text}`
  }
  const underLoad = (count = 9) => connections(count).map((agent) => new Traffic(() => predict(agent)))
  const answersOf = async (traffic: readonly Traffic[]) => [
    ...new Set((await Promise.all(traffic.map((each) => each.end()))).flat()),
  ]
  const workerPids = async () => pidsIn((await http(`${server.management}/models/handled`)).text)

  it('answer every route alike, whichever of them has the connection', async () => {
    await http(`${server.management}/models/plain/labels/stable/1.0`, { method: 'PUT' })
    for (const { path, body } of ROUTES) {
      const answers = await Promise.all(
        connections(FRONTENDS).map(async (agent) => {
          const call = body === undefined ? {} : { body: JSON.stringify(body) }
          const { status, text } = await http(`${server.inference}${path}`, {
            agent,
            headers: { 'content-type': 'application/json' },
            ...call,
          })
          return `${status} ${text}`
        }),
      )
      assert.equal(new Set(answers).size, 1, answers.join('\n'))
    }
  })

  it('add their metrics and statistics up to what was sent', async () => {
    const count = 60
    const all = connections(FRONTENDS * 2)
    const predictPlain = (agent: Agent | undefined) =>
      postJson(`${server.inference}/predictions/plain`, { x: [ROW] }, agent === undefined ? {} : { agent })
    await Promise.all(Array.from({ length: count }, (_, i) => predictPlain(all[i % all.length])))
    const metrics = await http(`${server.metrics}/metrics`)
    assert.match(
      metrics.text,
      new RegExp(`onnxserve_requests_total\\{model="plain",version="1.0",outcome="ok"\\} ${count}\\n`),
    )
    const { text } = await http(`${server.inference}/v2/models/plain/stats`)
    assert.match(text.replaceAll(/\s/g, ''), new RegExp(`"success":\\{"count":"?${count}`))
  })

  it('lose nothing while workers are scaled', async () => {
    const traffic = underLoad()
    for (let i = 0; i < 12; i++) {
      const url = `${server.management}/models/handled?min_worker=${1 + (i % 2)}&synchronous=true`
      const { status, text } = await http(url, { method: 'PUT' })
      assert.equal(status, 200, text)
    }
    assert.deepEqual(await answersOf(traffic), ['200'])
  })

  it('lose nothing when worker processes are killed', async () => {
    const traffic = underLoad()
    for (let i = 0; i < 4; i++) {
      const [pid = 0] = await workerPids()
      process.kill(pid, 'SIGKILL')
      await until(`${server.management}/models/handled`, ({ text }) => {
        const ready = pidsIn(text)
        return ready.length === 2 && !ready.includes(pid)
      })
      // What ran in it is tried again by then: a second death would be taken for its doing.
      for (const agent of connections(FRONTENDS)) assert.equal(await predict(agent), '200')
    }
    assert.deepEqual(await answersOf(traffic), ['200'])
  })

  it('blame a request that kills its worker, and none of those beside it', async () => {
    const traffic = underLoad()
    const poison = await Promise.all(connections(FRONTENDS).map((agent) => predict(agent, '"die"')))
    assert.deepEqual(
      poison.map((answer) => answer.slice(0, 3)),
      ['500', '500', '500'],
    )
    assert.deepEqual(await answersOf(traffic), ['200'])
  })

  it('go on when one of them is killed, and replace it', async () => {
    const [, victim = 0] = await frontendPids()
    process.kill(victim, 'SIGKILL')
    await server.untilOutput(/the frontend process \d+ is replaced/)
    const answers = await Promise.all(connections(FRONTENDS * 2).map((agent) => predict(agent)))
    assert.deepEqual(new Set(answers), new Set(['200']))
  })

  it('end at once when the primary is killed', async () => {
    const pids = await frontendPids()
    await Promise.all(connections(FRONTENDS).map((agent) => predict(agent)))
    await server.stop('SIGKILL')
    while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it('answer what they have accepted before the server ends', async () => {
    const all = connections(FRONTENDS * 2)
    await Promise.all(all.map((agent) => predict(agent)))
    const accepted = all.map((agent) => predict(agent))
    assert.equal(await server.stop(), 0)
    assert.deepEqual(new Set(await Promise.all(accepted)), new Set(['200']))
  })
})

describe('frontends', () => {
  it('is refused together with one_port', async () => {
    const modelStore = await temporaryDirectory()
    const args = ['--frontends', '2', '--one-port', 'true']
    await assert.rejects(
      ServerProcess.start({ modelStore, args }),
      /frontends=2 shares the inference address among processes, and one_port=true/,
    )
    await removeDirectory(modelStore)
  })
})

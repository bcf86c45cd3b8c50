import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Preparation } from '../../../worker/contract/preparation.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { mlp } from '../../support/models.ts'
import { probe } from '../../support/probe.ts'

/** Three layers of 2048 × 2048: 48 MiB of weights. */
const SIZES = [2048, 2048, 2048, 2048]
const WEIGHT_KIB = 48 * 1024
/** The kernel tells no other system's memory in this way. */
const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('a prepared graph', function () {
  this.timeout(60_000)
  let directory: ModelDirectory
  let preparedDir: string
  let answer: Preparation
  let workers: HostedWorker[] = []
  before(async () => {
    directory = await modelDirectory({ 'model.onnx': mlp(SIZES) })
    preparedDir = join(directory.spec.modelDir, 'prepared')
    await mkdir(preparedDir)
    const source = join(directory.spec.modelDir, 'model.onnx')
    const request = { source, directory: preparedDir, isWritten: false, intraOpThreads: 1, maxRows: 4 }
    answer = (await probe(['prepare', JSON.stringify(request)])).answer as Preparation // the probe's own type
  })
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.kill()))
    workers = []
  })
  after(() => directory.remove())

  const load = async (changes: object = {}) => {
    const worker = new HostedWorker()
    workers.push(worker)
    worker.load({ ...directory.spec, prepared: { path: join(preparedDir, 'model.onnx') }, ...changes })
    const [report] = await worker.instances()
    assert.equal(report?.ok, true)
    return worker
  }
  const ask = async (worker: HostedWorker) => {
    const body = Buffer.from(JSON.stringify({ x: [Array.from({ length: 2048 }, (_, i) => i % 3)] }))
    const headers = { 'content-type': 'application/json' }
    const parts = [{ name: 'body', contentType: 'application/json', bytes: body }]
    const { replies } = await worker.run([
      { id: 'r', headers, remainingMs: 10_000, payload: { kind: 'parts', parts } },
    ])
    return replies
  }

  it('is measured against the original, with one row and with many', () => {
    assert.ok(answer.ok)
    assert.ok((answer.originalLoadMs ?? 0) > answer.plainLoadMs)
    assert.deepEqual(
      answer.runs.map(({ rows }) => rows),
      [1, 4],
    )
  })

  it('answers as the original does, to the bit', async () => {
    const prepared = await load()
    const original = new HostedWorker()
    workers.push(original)
    original.load(directory.spec)
    assert.deepEqual(await ask(prepared), await ask(original))
    assert.deepEqual(prepared.logs, [])
  })

  for (const { how, changes } of [
    { how: 'rearranged', changes: {} },
    { how: 'as they came', changes: { prepacks: false } },
  ]) {
    itOnLinux(`shares its weights, ${how}, among processes`, async () => {
      const both = [await load(changes), await load(changes)]
      for (const worker of both) await ask(worker)
      const shared = both.map(({ child }) => mappedKib(child.pid ?? 0, 'weights.bin'))
      for (const { resident, proportional } of shared) {
        assert.ok(resident >= 0.95 * WEIGHT_KIB, `${resident} KiB of the weights are mapped`)
        assert.ok(proportional <= 0.55 * resident, `${proportional} of ${resident} KiB are its own`)
      }
    })
  }

  it('gives way to the original when it cannot be opened', async () => {
    const worker = await load({ prepared: { path: join(preparedDir, 'absent.onnx') } })
    const { level } = await worker.log(/the prepared graph could not be opened, the original one is/)
    assert.equal(level, 'warn')
  })

  it('cannot be made of what is no graph', async () => {
    const elsewhere = join(directory.spec.modelDir, 'elsewhere')
    rmSync(elsewhere, { recursive: true, force: true })
    await mkdir(elsewhere)
    const source = join(preparedDir, 'weights.bin')
    const request = { source, directory: elsewhere, isWritten: false, intraOpThreads: 1, maxRows: 1 }
    const refused = (await probe(['prepare', JSON.stringify(request)])).answer as { error: string } // likewise
    assert.match(refused.error, /could not be opened on cpu/)
  })
})

/** Of the pages of a file that a process has mapped: all, and its share of them. */
function mappedKib(pid: number, file: string): { resident: number; proportional: number } {
  const maps = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const ofFile = maps.filter((map) => map.split('\n')[0]?.includes(file))
  const sum = (name: string) =>
    ofFile.reduce(
      (total, map) => total + Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(map)?.[1] ?? 0),
      0,
    )
  return { resident: sum('Rss'), proportional: sum('Pss') }
}

import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VersionSettings } from '../../../../frontend/core/settings.ts'
import {
  preparedDirectory,
  PreparedGraphs,
  type PlannedRuns,
} from '../../../../frontend/core/workers/prepared-graphs.ts'
import type { Preparation, PrepareRequest } from '../../../../worker/contract/preparation.ts'
import { artefact, settings } from '../../../support/artefacts.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const MEBIBYTE = 1024 * 1024
const RUNS: PlannedRuns = { intraOpThreads: 1, provider: 'cpu' }
const MEASURED = {
  ok: true,
  originalLoadMs: 500,
  prepackedLoadMs: 100,
  plainLoadMs: 10,
  runs: [{ rows: 1, prepackedMs: 10, plainMs: 10 }],
} as const

describe('PreparedGraphs', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let requests: PrepareRequest[]
  let notes: string[]
  let answer: () => Promise<Preparation>
  beforeEach(async () => {
    directory = await temporaryDirectory()
    requests = []
    notes = []
    answer = async () => MEASURED
  })
  afterEach(() => directory.remove())

  /** What a server that has just started chooses for a model of 2 MiB. */
  function choose(changes: Partial<VersionSettings> = {}, runs = RUNS, modelBytes = 2 * MEBIBYTE) {
    const graphs = new PreparedGraphs({
      environment: 'runtime 1, processor 2',
      note: (sentence) => notes.push(sentence),
      run: async (request) => {
        requests.push(request)
        if (!request.isWritten) await writeFile(join(request.directory, 'model.onnx'), 'a graph')
        return answer()
      },
    })
    const modelDir = join(directory.path, 'd1')
    return graphs.choose(artefact({ modelDir, modelBytes }), settings(changes), runs)
  }

  it('prepares a graph once, for this server and for later ones', async () => {
    const first = await choose()
    assert.equal(dirname(dirname(first.prepared?.path ?? '')), preparedDirectory(join(directory.path, 'd1')))
    assert.equal(first.prepacks, false)
    assert.deepEqual(await choose(), first)
    assert.deepEqual(
      requests.map(({ isWritten, maxRows }) => ({ isWritten, maxRows })),
      [{ isWritten: false, maxRows: 4 }],
    )
  })

  it('only measures again for another number of threads', async () => {
    await choose()
    await choose({}, { ...RUNS, intraOpThreads: 2 })
    await choose({}, { ...RUNS, intraOpThreads: 2 })
    assert.deepEqual(
      requests.map(({ isWritten, intraOpThreads }) => ({ isWritten, intraOpThreads })),
      [
        { isWritten: false, intraOpThreads: 1 },
        { isWritten: true, intraOpThreads: 2 },
      ],
    )
  })

  it('keeps a graph of each optimization', async () => {
    const all = await choose()
    const basic = await choose({ graphOptimization: 'basic' })
    assert.notEqual(all.prepared?.path, basic.prepared?.path)
  })

  for (const damage of ['model.onnx', 'prepared.json']) {
    it(`prepares a graph again when its ${damage} is not as it was written`, async () => {
      const { prepared } = await choose()
      await writeFile(join(dirname(prepared?.path ?? ''), damage), 'something else')
      assert.deepEqual((await choose()).prepared, prepared)
      assert.equal(requests.length, 2)
      assert.match(notes.join(), /its prepared graph is made anew/)
    })
  }

  it('opens the original when the graph cannot be prepared, and does not try again', async () => {
    answer = async () => ({ ok: false, error: 'it is too large' })
    const why = 'the graph could not be prepared: it is too large'
    assert.deepEqual(await choose(), { prepacks: true, why })
    assert.deepEqual(await choose(), { prepacks: true, why })
    assert.equal(requests.length, 1)
  })

  it('tries again when the process that prepares it has died', async () => {
    answer = () => Promise.reject(new Error('it ended with SIGSEGV'))
    assert.deepEqual(await choose(), {
      prepacks: true,
      why: 'the graph could not be prepared: it ended with SIGSEGV',
    })
    answer = async () => MEASURED
    assert.notEqual((await choose()).prepared, undefined)
    assert.deepEqual(
      await readdir(preparedDirectory(join(directory.path, 'd1'))).then(({ length }) => length),
      1,
    )
  })

  const LEFT: readonly { it: string; given: Parameters<typeof choose>; prepacks?: boolean }[] = [
    { it: 'a model that is small', given: [{}, RUNS, MEBIBYTE - 1] },
    { it: 'a model on a GPU', given: [{}, { ...RUNS, provider: 'cuda' }] },
    { it: 'a model whose workers are to share nothing', given: [{ weightSharing: 'never' }] },
    { it: 'all models where nothing is kept', given: [{ optimizedGraphCache: false }] },
    {
      it: 'a model that shares at any price, where nothing is kept',
      given: [{ optimizedGraphCache: false, weightSharing: 'always' }],
      prepacks: false,
    },
  ]
  for (const { it: what, given, prepacks = true } of LEFT) {
    it(`leaves ${what} as it came`, async () => {
      const choice = await choose(...given)
      assert.deepEqual([choice.prepared, choice.prepacks, requests.length], [undefined, prepacks, 0])
    })
  }
})

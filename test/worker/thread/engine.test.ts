import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { Engine, type EngineOutcome } from '../../../worker/thread/engine.ts'
import { FakeSession } from '../../support/fake-session.ts'
import { keptLog } from '../../support/kept-log.ts'

const rows = (...values: readonly (readonly number[])[]): Tensor[] => [
  {
    name: 'x',
    dtype: 'FP32',
    shape: [values.length, values[0]?.length ?? 0],
    data: Float32Array.from(values.flat()),
  },
]
const valuesOf = (outcome: EngineOutcome) =>
  outcome.ok && outcome.outputs.map(({ data }) => [...(data as Float32Array)])

describe('Engine', () => {
  const CASES = [
    {
      it: 'runs members of one shape together and gives each its rows',
      members: [rows([1, 2]), rows([3, 4], [5, 6]), rows([7, 8])],
      runs: [[4, 2]],
      answers: [[[-1, -2]], [[-3, -4, -5, -6]], [[-7, -8]]],
    },
    {
      it: 'keeps members of different shape apart, in order',
      shape: ['batch', 'length'],
      members: [rows([1]), rows([2, 3]), rows([4])],
      runs: [
        [2, 1],
        [1, 2],
      ],
      answers: [[[-1]], [[-2, -3]], [[-4]]],
    },
    {
      it: 'never runs more rows than a batch may have',
      members: [rows([1, 1], [2, 2], [3, 3]), rows([4, 4], [5, 5])],
      runs: [
        [3, 2],
        [2, 2],
      ],
      answers: [[[-1, -1, -2, -2, -3, -3]], [[-4, -4, -5, -5]]],
    },
    {
      it: 'cuts a member that has more rows than a batch may have',
      members: [rows([1, 1], [2, 2], [3, 3], [4, 4], [5, 5])],
      runs: [
        [4, 2],
        [1, 2],
      ],
      answers: [[[-1, -1, -2, -2, -3, -3, -4, -4, -5, -5]]],
    },
    {
      it: 'runs each member alone when the graph fixes the rows',
      shape: [1, 2],
      members: [rows([1, 2]), rows([3, 4])],
      runs: [
        [1, 2],
        [1, 2],
      ],
      answers: [[[-1, -2]], [[-3, -4]]],
    },
    { it: 'runs nothing for no members', members: [], runs: [], answers: [] },
  ]
  for (const { it: name, shape, members, runs, answers } of CASES) {
    it(name, async () => {
      const session = new FakeSession(shape)
      const result = await new Engine(session, 4, keptLog()).run(members)
      assert.deepEqual(session.runs, runs)
      assert.deepEqual(result.outcomes.map(valuesOf), answers)
      assert.equal(result.rowsOfRuns.length, runs.length)
      assert.equal(
        result.rows,
        members.reduce((sum, [x]) => sum + (x?.shape[0] ?? 0), 0),
      )
    })
  }

  it('fails only the member whose values the graph refuses', async () => {
    const session = new FakeSession()
    const { outcomes, rowsOfRuns } = await new Engine(session, 8, keptLog()).run([
      rows([1, 2]),
      rows([13, 0]),
      rows([3, 4]),
    ])
    assert.deepEqual(outcomes.map(valuesOf), [[[-1, -2]], false, [[-3, -4]]])
    assert.deepEqual(outcomes[1], { ok: false, error: new Error('13 is unlucky') })
    assert.deepEqual(rowsOfRuns, [3, 1, 1, 1])
  })

  it('stops sharing runs once an output does not keep the rows', async () => {
    const session = new FakeSession(['batch', 2], () => [1, 2])
    const log = keptLog()
    const engine = new Engine(session, 8, log)
    const members = [rows([1, 2]), rows([3, 4], [5, 6])]
    await engine.run(members)
    const { outcomes } = await engine.run(members)
    assert.deepEqual(session.runs, [
      [3, 2],
      [1, 2],
      [2, 2],
      [1, 2],
      [2, 2],
    ])
    assert.deepEqual(outcomes.map(valuesOf), [[[-1, -2]], [[-3, -4]]])
    assert.match(log.records[0]?.message ?? '', /output 'y' does not keep the rows/)
  })

  it('gives the whole output of a graph that does not keep the rows of a member it would have cut', async () => {
    const session = new FakeSession(['batch', 2], () => [1, 2])
    const { outcomes } = await new Engine(session, 2, keptLog()).run([rows([1, 2], [3, 4], [5, 6])])
    assert.deepEqual(session.runs, [
      [2, 2],
      [3, 2],
    ])
    assert.deepEqual(outcomes.map(valuesOf), [[[-1, -2]]])
  })

  it('refuses a member whose inputs disagree on the rows, and runs its neighbours', async () => {
    const other: Tensor = { name: 'z', dtype: 'FP32', shape: [2], data: Float32Array.of(1, 2) }
    const { outcomes } = await new Engine(new FakeSession(), 8, keptLog()).run([
      rows([1, 2]),
      [...rows([3, 4]), other],
      rows([5, 6]),
    ])
    assert.deepEqual(outcomes.map(valuesOf), [[[-1, -2]], false, [[-5, -6]]])
    assert.match(String(outcomes[1]?.ok === false && outcomes[1].error), /'x' has 1, 'z' has 2/)
  })

  it('releases the session', async () => {
    const session = new FakeSession()
    await new Engine(session, 8, keptLog()).release()
    assert.ok(session.isReleased)
  })
})

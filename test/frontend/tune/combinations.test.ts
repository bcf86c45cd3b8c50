import assert from 'node:assert/strict'
import {
  isHopeless,
  layoutsToTry,
  powersOfTwo,
  type Choices,
  type Layout,
} from '../../../frontend/tune/combinations.ts'

const PRESENT: Layout = { provider: 'cpu', workers: 1, intraOpThreads: 4 }
const CHOICES: Choices = { providers: ['cpu'], workers: undefined, intraOpThreads: undefined, cpus: 4 }

function inWords({ provider, workers, intraOpThreads }: Layout): string {
  return `${provider} ${workers}×${intraOpThreads}`
}

const CASES: readonly { claim: string; choices: Partial<Choices>; layouts: readonly string[] }[] = [
  {
    claim: 'what the CPUs can hold, the present layout first and once',
    choices: {},
    layouts: ['cpu 1×4', 'cpu 1×1', 'cpu 1×2', 'cpu 2×1', 'cpu 2×2', 'cpu 4×1'],
  },
  {
    claim: 'more threads than CPUs where both lists ask for it',
    choices: { workers: [4], intraOpThreads: [4] },
    layouts: ['cpu 1×4', 'cpu 4×4'],
  },
  {
    claim: 'no more threads than CPUs for a list of workers alone',
    choices: { workers: [1, 3] },
    layouts: ['cpu 1×4', 'cpu 1×1', 'cpu 1×2', 'cpu 3×1'],
  },
  {
    claim: 'one thread for each session on a GPU',
    choices: { providers: ['webgpu'], workers: [1, 2] },
    layouts: ['cpu 1×4', 'webgpu 1×1', 'webgpu 2×1'],
  },
]

describe('layoutsToTry gives', () => {
  for (const { claim, choices, layouts } of CASES) {
    it(claim, () => {
      assert.deepEqual(layoutsToTry({ ...CHOICES, ...choices }, PRESENT).map(inWords), layouts)
    })
  }
})

describe('powersOfTwo', () => {
  for (const [max, powers] of [
    [1, [1]],
    [2, [1, 2]],
    [6, [1, 2, 4, 6]],
    [8, [1, 2, 4, 8]],
  ] as const) {
    it(`up to ${max} are ${powers.join(', ')}`, () => assert.deepEqual(powersOfTwo(max), powers))
  }
})

describe('larger batches', () => {
  for (const [measured, hopeless] of [
    [[], false],
    [[100], false],
    [[100, 200, 190], false],
    [[100, 200, 160], true],
  ] as const) {
    it(`are ${hopeless ? 'hopeless' : 'tried'} after ${measured.join(', ') || 'nothing'}`, () => {
      assert.equal(isHopeless(measured), hopeless)
    })
  }
})

import assert from 'node:assert/strict'
import type { BatchRequest } from '../../../worker/contract/messages.ts'
import { markAlone, type Frame } from '../../../worker/contract/frame.ts'
import { BatchTurns } from '../../../worker/process/batch-turns.ts'
import { runFrame } from '../../support/run-frame.ts'

const REQUESTS: readonly BatchRequest[] = []

/** A `run` frame as it arrives; a star marks one that has to be alone. */
function frameOf(name: string): Frame {
  const id = Number.parseInt(name)
  const bytes = runFrame(id, REQUESTS)
  if (name.endsWith('*')) markAlone(bytes)
  return { kind: 'run', id, buffer: bytes.buffer }
}

type Step = {
  readonly arrive?: string
  readonly ends?: number
  readonly drop?: number
  readonly started: string
}

const CASES: readonly { readonly it: string; readonly steps: readonly Step[] }[] = [
  {
    it: 'starts batches as they come, however many run',
    steps: [
      { arrive: '1', started: '1' },
      { arrive: '2', started: '1 2' },
    ],
  },
  {
    it: 'holds one that has to be alone until nothing runs, and those behind it until it has ended',
    steps: [
      { arrive: '1', started: '1' },
      { arrive: '2', started: '1 2' },
      { arrive: '3*', started: '1 2' },
      { arrive: '4', started: '1 2' },
      { ends: 1, started: '1 2' },
      { ends: 2, started: '1 2 3' },
      { arrive: '5', started: '1 2 3' },
      { ends: 3, started: '1 2 3 4 5' },
    ],
  },
  {
    it: 'runs two that have to be alone one after the other',
    steps: [
      { arrive: '1*', started: '1' },
      { arrive: '2*', started: '1' },
      { ends: 1, started: '1 2' },
    ],
  },
  {
    it: 'lets those behind a dropped one go on',
    steps: [
      { arrive: '1', started: '1' },
      { arrive: '2*', started: '1' },
      { arrive: '3', started: '1' },
      { drop: 2, started: '1 3' },
    ],
  },
]

describe('BatchTurns', () => {
  for (const { it: claim, steps } of CASES) {
    it(claim, () => {
      const started: number[] = []
      const turns = new BatchTurns(({ id }) => started.push(id))
      const seen = steps.map(({ arrive, ends, drop }) => {
        for (const name of arrive === undefined ? [] : [arrive]) turns.arrive(frameOf(name))
        for (const _ of ends === undefined ? [] : [ends]) turns.ended()
        for (const id of drop === undefined ? [] : [drop]) turns.drop((frame) => frame.id === id)
        return started.join(' ')
      })
      assert.deepEqual(
        seen,
        steps.map((step) => step.started),
      )
    })
  }
})

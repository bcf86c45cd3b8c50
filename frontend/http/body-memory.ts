import { setFlagsFromString } from 'node:v8'
import { ReusedMemory } from '../../worker/contract/reused-memory.ts'
import { CollectorPace } from './collector-pace.ts'

const pace = new CollectorPace({
  setFlags: setFlagsFromString,
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs).unref()
    return () => {
      clearTimeout(timer)
    }
  },
  onReturn: () => {
    bodyMemory.drop()
  },
})

/** Of the large bodies that come to this process. */
export const bodyMemory: ReusedMemory = new ReusedMemory(() => {
  pace.relax()
})

import { setImmediate } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { boundYoungGeneration } from '../../../frontend/young-generation.ts'

/*
 * Keeps much of what it makes, which lets V8's young generation grow, and prints how large that has become.
 * Arguments: `bound` for a process that bounds it.
 */

const ROUNDS = 400
const OBJECTS_PER_ROUND = 10_000
const KEPT_ROUNDS = 20

if (process.argv[2] === 'bound') boundYoungGeneration()
const kept: { readonly index: number }[][] = []
for (let round = 0; round < ROUNDS; round++) {
  kept.push(Array.from({ length: OBJECTS_PER_ROUND }, (_, index) => ({ index })))
  if (kept.length > KEPT_ROUNDS) kept.shift()
  await setImmediate()
}
const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
process.stdout.write(`${young?.space_size}\n`)

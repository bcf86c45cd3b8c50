import { median } from './load/percentile.ts'

/**
 * Runs the steps in turn for so many rounds, every other round in reverse. What the machine does beside them changes
 * within seconds, so rounds are many and short: the steps of one round meet the same machine.
 *
 * @returns the results of each step, one a round
 */
export async function takeTurns<Results extends Record<string, unknown>>(
  steps: { readonly [Name in keyof Results]: () => Promise<Results[Name]> },
  rounds: number,
): Promise<{ readonly [Name in keyof Results]: readonly Results[Name][] }> {
  const names: (keyof Results)[] = Object.keys(steps)
  const results = new Map<keyof Results, unknown[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    for (const name of order) results.get(name)?.push(await steps[name]())
  }
  return Object.fromEntries(results) as { [Name in keyof Results]: Results[Name][] } // of each step its own
}

/**
 * The median, over the rounds, of what the two runs of one round are to each other. The ratio of two medians may
 * compare a run in a fast minute with one in a slow minute; this never does.
 */
export function acrossRounds<Left, Right>(
  left: readonly Left[],
  right: readonly Right[],
  compare: (left: Left, right: Right) => number,
): number {
  const values = left.flatMap((each, round) => {
    const other = right[round]
    return other === undefined ? [] : [compare(each, other)]
  })
  return median(values)
}

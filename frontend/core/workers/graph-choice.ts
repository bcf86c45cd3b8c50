import type { WeightSharing } from '../../../archiver-cli/format/model-config.ts'
import type { PreparedGraph } from '../../../worker/contract/messages.ts'
import type { RunComparison } from '../../../worker/contract/preparation.ts'

/** Which form of its graph a version's workers open. */
export type GraphChoice = {
  /** Absent: the graph as it came. Present: its weights are mapped from a file, and processes share them. */
  readonly prepared?: PreparedGraph
  /** Whether runs use weights that were rearranged for the engine's kernels. */
  readonly prepacks: boolean
  /** In a phrase, with what was measured. */
  readonly why: string
}

/** What was measured of a prepared graph. */
export type Measured = {
  readonly originalLoadMs: number
  readonly prepackedLoadMs: number
  readonly plainLoadMs: number
  readonly runs: readonly RunComparison[]
}

/** A difference below it is within what two measurements of the same thing differ by. */
const MAX_SLOWDOWN = 1.05
/** A prepared graph that opens later than that saves nothing that is worth it. */
const MAX_LOAD_SLOWDOWN = 1.2

/**
 * The prepared graph, unless it takes longer to open; with its weights as they lie in the file where runs take no
 * longer for it, which opens fastest and maps fewest pages, else with the rearranged ones that lie beside them.
 */
export function chooseGraph(path: string, measured: Measured, sharing: WeightSharing): GraphChoice {
  const slowdown = Math.max(...measured.runs.map(({ prepackedMs, plainMs }) => plainMs / prepackedMs))
  const prepacks = sharing !== 'always' && slowdown > MAX_SLOWDOWN
  const loadMs = prepacks ? measured.prepackedLoadMs : measured.plainLoadMs
  const opens = `the prepared graph opens in ${Math.round(loadMs)} ms, the original in ${Math.round(measured.originalLoadMs)} ms`
  if (sharing !== 'always' && loadMs > MAX_LOAD_SLOWDOWN * measured.originalLoadMs) {
    return { prepacks: true, why: `weights are not shared: ${opens}` }
  }
  const runs = `without rearranging them runs take ${slowdown.toFixed(2)} × the time`
  const how = prepacks ? 'rearranged once, on the disk' : 'as they came'
  return { prepared: { path }, prepacks, why: `weights are shared, ${how}: ${runs}; ${opens}` }
}

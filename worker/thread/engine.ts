import { keepsRows } from '../contract/keeps-rows.ts'
import { differentRows } from '../contract/request-rows.ts'
import { bucketKey, concatenate, isSameBucket, rowCount, sliceRows, split } from '../contract/tensor-batch.ts'
import type { Tensor } from '../contract/tensor.ts'
import type { HandlerLogger } from '../handler.ts'
import { planRuns } from './run-plan.ts'
import type { Session } from './session.ts'

type Tensors = readonly Tensor[]

/** What became of one member's feeds. */
export type EngineOutcome =
  { readonly ok: true; readonly outputs: Tensors } | { readonly ok: false; readonly error: unknown }

export type EngineResult = {
  /** One per member, in order. */
  readonly outcomes: readonly EngineOutcome[]
  readonly rows: number
  /** Of each engine call. */
  readonly rowsOfRuns: readonly number[]
  /** Time in which feeds waited for the engine. */
  readonly waitMs: number
}

/** What a batch has taken of the engine so far. */
type Tally = { readonly rowsOfRuns: number[]; waitMs: number }

/** What runs the feeds of a batch's members. */
export interface BatchEngine {
  /** Whether members may share a run. */
  readonly batches: boolean
  /** @param members checked feeds, each in the order of the graph's inputs */
  run(members: readonly Tensors[]): Promise<EngineResult>
  /** Frees the session. */
  release(): Promise<void>
}

/**
 * Runs the feeds of a batch's members in as few engine calls as their shapes and `maxBatchRows` allow.
 *
 * A run of several members that fails is repeated for each of them alone, so none fails for its neighbours.
 * A graph whose outputs turn out not to keep the rows is from then on run for one member at a time.
 */
export class Engine implements BatchEngine {
  readonly #session: Session
  readonly #maxBatchRows: number
  readonly #log: HandlerLogger
  #keepsRows: boolean

  constructor(session: Session, maxBatchRows: number, log: HandlerLogger) {
    this.#session = session
    this.#maxBatchRows = maxBatchRows
    this.#log = log
    this.#keepsRows = keepsRows(session.inputs, session.outputs)
  }

  /** Whether members may share a run. */
  get batches(): boolean {
    return this.#keepsRows
  }

  /** @param members checked feeds, each in the order of the graph's inputs */
  async run(members: readonly Tensors[]): Promise<EngineResult> {
    // Of this call alone: batches may overlap where their handler waits.
    const tally: Tally = { rowsOfRuns: [], waitMs: 0 }
    const outcomes = new Array<EngineOutcome>(members.length)
    for (const indexes of this.#plan(members)) {
      const group = indexes.map((index) => members[index] ?? [])
      const results = await this.#runGroup(group, tally)
      indexes.forEach((index, at) => {
        outcomes[index] = results[at] ?? { ok: false, error: new Error('a run lost a member') }
      })
    }
    const rows = members.reduce((sum, feeds) => sum + this.#rowsOf(feeds), 0)
    return { outcomes, rows, ...tally }
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#session.release()
  }

  #plan(members: readonly Tensors[]): number[][] {
    if (members.length === 1 || !this.#keepsRows) return members.map((_, index) => [index])
    if (this.#fitsOneRun(members)) return [members.map((_, index) => index)]
    const plan = members.map((feeds, index) => {
      const rows = rowCount(feeds)
      // Inputs that disagree on the rows fit nobody: alone, the member gets its own error.
      return rows === undefined ? { bucket: `#${index}`, rows: 1 } : { bucket: bucketKey(feeds), rows }
    })
    return planRuns(plan, this.#maxBatchRows)
  }

  /** The usual batch, of members that differ in nothing but their rows: those of one model's fixed shapes. */
  #fitsOneRun(members: readonly Tensors[]): boolean {
    const [first = []] = members
    let rows = 0
    for (const feeds of members) {
      const own = rowCount(feeds)
      if (own === undefined || !isSameBucket(feeds, first)) return false
      rows += own
    }
    return rows <= this.#maxBatchRows
  }

  async #runGroup(group: readonly Tensors[], tally: Tally): Promise<readonly EngineOutcome[]> {
    if (group.length > 1 && this.#keepsRows) {
      const outcomes = await this.#runTogether(group, tally)
      if (outcomes !== undefined) return outcomes
    }
    const outcomes: EngineOutcome[] = []
    for (const feeds of group) outcomes.push(await this.#runAlone(feeds, tally))
    return outcomes
  }

  /** Undefined when the members must be run one by one. */
  async #runTogether(group: readonly Tensors[], tally: Tally): Promise<readonly EngineOutcome[] | undefined> {
    const rowsOfMembers = group.map((feeds) => rowCount(feeds) ?? 0)
    try {
      const outputs = await this.#call(concatenate(group), tally, true)
      const rows = rowsOfMembers.reduce((sum, each) => sum + each, 0)
      if (!this.#haveRows(outputs, rows)) return undefined
      return split(outputs, rowsOfMembers).map((member) => ({ ok: true, outputs: member }))
    } catch (error) {
      this.#log.warn(`a run of ${group.length} requests failed, each is run alone`, { error: String(error) })
      return undefined
    }
  }

  async #runAlone(feeds: Tensors, tally: Tally): Promise<EngineOutcome> {
    try {
      return { ok: true, outputs: await this.#runRows(feeds, tally) }
    } catch (error) {
      return { ok: false, error }
    }
  }

  /** One member, in several calls when it brings more rows than one may have. */
  async #runRows(feeds: Tensors, tally: Tally): Promise<Tensors> {
    if (!this.#keepsRows) return this.#call(feeds, tally)
    const rows = rowCount(feeds)
    if (rows === undefined) throw differentRows(feeds)
    if (rows <= this.#maxBatchRows) return this.#call(feeds, tally)
    const pieces: Tensors[] = []
    for (let start = 0; start < rows; start += this.#maxBatchRows) {
      const count = Math.min(this.#maxBatchRows, rows - start)
      const outputs = await this.#call(
        feeds.map((tensor) => sliceRows(tensor, start, count)),
        tally,
      )
      if (!this.#haveRows(outputs, count)) return this.#call(feeds, tally)
      pieces.push(outputs)
    }
    return concatenate(pieces)
  }

  /** @param mayTakeFeeds their memory was made for this call */
  #call(feeds: Tensors, tally: Tally, mayTakeFeeds = false): Promise<Tensors> {
    tally.rowsOfRuns.push(this.#rowsOf(feeds))
    return this.#session.run(feeds, {
      mayTakeFeeds,
      onWait: (waitMs) => {
        tally.waitMs += waitMs
      },
    })
  }

  #rowsOf(feeds: Tensors): number {
    return this.#keepsRows ? (rowCount(feeds) ?? 1) : 1
  }

  #haveRows(outputs: Tensors, rows: number): boolean {
    const other = outputs.find(({ shape }) => shape[0] !== rows)
    if (other === undefined) return true
    this.#keepsRows = false
    const message = `output '${other.name}' does not keep the rows of the inputs: requests are run one at a time`
    this.#log.warn(message, { shape: other.shape, rows })
    return false
  }
}

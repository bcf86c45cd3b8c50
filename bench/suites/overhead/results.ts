import type { LoopResult } from '../../contenders/session-loop.ts'
import type { Measurement } from '../../measure.ts'

export type WireName = 'JSON' | 'V2 binary'

/** One model over one wire at one number of connections. */
export type Point = {
  readonly model: string
  readonly wire: WireName
  readonly connections: number
  readonly onnxserve: Measurement
  /** JSON, whatever the wire of the server. */
  readonly bare: Measurement
  /** `session.run` alone, at the server's mean batch size, in the same rounds. */
  readonly raw: readonly LoopResult[]
  readonly rawBatchRows: number
}

/** After the last measurement of a model. */
export type Memory = {
  readonly model: string
  readonly modelBytes: number
  readonly frontend: ProcessMemory
  /** All worker processes together. */
  readonly workers: ProcessMemory
  readonly bare: ProcessMemory
}

export type ProcessMemory = {
  readonly residentBytes: number
  /** Shared pages count a part for each process that has them. */
  readonly proportionalBytes: number
  readonly privateBytes: number
}

/** A request that comes alone, to a model that may wait for others and to one that takes each by itself. */
export type Lone = { readonly delayMs: number; readonly batching: Measurement; readonly single: Measurement }

export type Overhead = {
  readonly points: readonly Point[]
  readonly memory: readonly Memory[]
  readonly lone: Lone
}

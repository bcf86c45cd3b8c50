import type { Measurement } from './measure.ts'

/** One model at one number of connections. */
export type Point = {
  readonly model: string
  readonly connections: number
  readonly onnxserve: Measurement
  readonly bare: Measurement
  /** Rows per second of `session.run` alone, at the server's mean batch size. */
  readonly rawRowsPerSecond: number
  readonly rawBatchRows: number
}

/** After the last measurement of a model. */
export type Memory = {
  readonly model: string
  readonly modelBytes: number
  readonly frontendResidentBytes: number
  readonly workerPrivateBytes: number
}

export type Report = {
  readonly machine: string
  readonly date: string
  readonly node: string
  readonly settings: string
  readonly points: readonly Point[]
  readonly memory: readonly Memory[]
}

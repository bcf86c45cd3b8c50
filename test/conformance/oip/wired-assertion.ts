import type { OipWire } from './wire.ts'
import type { WiredServer } from './wired-server.ts'

/** One of the hundred assertions, or a part of one, that is the same over HTTP and gRPC. */
export type WiredAssertion = {
  readonly number: number
  readonly it: string
  readonly run: (side: WiredSide) => Promise<void>
}

export type WiredSide = {
  readonly server: WiredServer
  readonly wire: OipWire
  /** The name of a model for this case alone. */
  readonly model: string
  /** The first of ten values that no other case sends. */
  readonly value: number
}

import { GrpcWire } from './grpc-wire.ts'
import { HttpWire } from './http-wire.ts'
import type { OipWire, WireAddress } from './wire.ts'

export type WireKind = { readonly name: string; readonly open: (address: WireAddress) => OipWire }

export const WIRES: readonly WireKind[] = [
  { name: 'HTTP', open: (address) => new HttpWire(address) },
  { name: 'gRPC', open: (address) => new GrpcWire(address) },
]

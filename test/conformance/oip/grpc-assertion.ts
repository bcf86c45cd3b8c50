import assert from 'node:assert/strict'
import { status, type ServiceError } from '@grpc/grpc-js'
import type { GrpcClient } from '../../support/grpc-client.ts'
import type { OipServer } from './oip-server.ts'

/** One of the hundred assertions over gRPC, or a part of one. */
export type GrpcAssertion = {
  /** From 1 to 100; several rows may show parts of one. */
  readonly number: number
  /** What it claims. */
  readonly it: string
} & (GrpcCallAssertion | GrpcScript)

/** A unary call, and its outcome. */
export type GrpcCallAssertion = {
  readonly method: string
  readonly request: object
  /** Absent: it succeeds. */
  readonly code?: keyof typeof status
  /** What the words of an error say. */
  readonly error?: RegExp
  /** What the answer has, member by member. */
  readonly answer?: object
  /** The elements of each output. */
  readonly raw?: readonly Buffer[]
}

/** What takes more than one call. */
export type GrpcScript = { readonly run: (side: GrpcSide) => Promise<void> }

/** The built server, and a client of its V2 service. */
export type GrpcSide = { readonly server: OipServer; readonly client: GrpcClient }

export function runGrpcAssertion(assertion: GrpcAssertion, side: () => GrpcSide): void {
  const { number, it: claim } = assertion
  const name = `${number}: ${claim}`
  if ('run' in assertion) it(name, () => assertion.run(side()))
  else it(name, () => expectOutcome(side().client, assertion))
}

async function expectOutcome(client: GrpcClient, expected: GrpcCallAssertion): Promise<void> {
  const { method, request, code = 'OK', error: words = /./ } = expected
  const outcome = await outcomeOf(client, method, request)
  assert.equal(outcome.code, code, outcome.details)
  if (code !== 'OK') assert.match(outcome.details, words)
  for (const [name, value] of Object.entries(expected.answer ?? {})) {
    assert.deepEqual(outcome.message[name], value, name)
  }
  if (expected.raw !== undefined) assert.deepEqual(outcome.message['raw_output_contents'], expected.raw)
}

export type GrpcOutcome = {
  readonly code: string
  readonly details: string
  readonly message: Record<string, unknown>
}

/** How a call ended. */
export async function outcomeOf(
  client: GrpcClient,
  ...call: Parameters<GrpcClient['unary']>
): Promise<GrpcOutcome> {
  try {
    const { message } = await client.unary(...call)
    return { code: 'OK', details: '', message }
  } catch (error) {
    if (!(error instanceof Error && 'details' in error)) throw error
    const { code, details } = error as ServiceError // grpc-js' own
    return { code: status[code], details, message: {} }
  }
}

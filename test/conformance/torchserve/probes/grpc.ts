import { status } from '@grpc/grpc-js'
import {
  alreadyRegistered,
  defaultVersionInUse,
  modelNotFound,
  notServing,
  queueFull,
} from '../../../../frontend/core/errors.ts'
import type { Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { DIGITS } from '../../../support/fake-planes.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'
import type { Probe } from './probe.ts'

const PREDICTION = { model_name: 'digits', input: { data: Buffer.from('1') } }
const REFUSALS = [
  modelNotFound('digits', []),
  notServing(DIGITS, 'no_worker', 'it has no workers', 1000),
  queueFull(DIGITS, 10, 1000),
]

/** Looks at the dialect over gRPC, with fake planes behind it; sees the names of statuses. */
function overGrpc(
  look: (fixture: GrpcFixture) => Promise<readonly number[]>,
  options: { readonly refusal?: ServingError } = {},
): (compatibility: Compatibility) => Promise<unknown> {
  return async (compatibility) => {
    const authorize = () => {
      if (options.refusal !== undefined) throw options.refusal
      return {}
    }
    const fixture = await GrpcFixture.open({ compatibility, options: { authorize } })
    try {
      return (await look(fixture)).map((code) => status[code])
    } finally {
      await fixture.close()
    }
  }
}

export const grpcProbes = {
  grpcPredictionErrors: {
    observe: overGrpc(async (fixture) => {
      const codes = []
      for (const refusal of REFUSALS) {
        fixture.dataPlane.admission = refusal
        codes.push((await fixture.inference.failure('Predictions', PREDICTION)).code)
      }
      return codes
    }),
    strict: ['NOT_FOUND', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED'],
    torchserve: ['INTERNAL', 'INTERNAL', 'INTERNAL'],
  },
  grpcTokens: {
    observe: overGrpc(
      async (fixture) => [
        (await fixture.inference.failure('Predictions', PREDICTION)).code,
        (await fixture.management.failure('ListModels', {})).code,
      ],
      { refusal: new ServingError('unauthenticated', 'a token is needed') },
    ),
    strict: ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
    torchserve: ['PERMISSION_DENIED', 'PERMISSION_DENIED'],
  },
  grpcConflicts: {
    observe: overGrpc(async (fixture) => {
      const codes = []
      for (const failure of [alreadyRegistered(DIGITS), defaultVersionInUse(DIGITS)]) {
        fixture.controlPlane.failure = failure
        codes.push((await fixture.management.failure('UnregisterModel', { model_name: 'digits' })).code)
      }
      return codes
    }),
    strict: ['ALREADY_EXISTS', 'FAILED_PRECONDITION'],
    torchserve: ['ABORTED', 'PERMISSION_DENIED'],
  },
} satisfies Readonly<Record<string, Probe>>

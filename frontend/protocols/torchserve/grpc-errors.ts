import type { ServingError } from '../../../worker/contract/errors.ts'
import type { GrpcStatusName } from '../kernel/grpc-transport.ts'
import type { HasQuirk } from './quirks.ts'

/* Which status an error is over gRPC. Without quirks it is the one that bears the name of the error's code. */

/** Situations in which TorchServe's inference service answers INTERNAL: nobody can tell them from a bug. */
const INTERNAL_CODES: readonly ServingError['code'][] = ['not_found', 'unavailable']
const INTERNAL_REASONS: readonly (string | undefined)[] = [
  'queue_full',
  'predicted_wait',
  'overload',
  'no_idle_worker',
]

export function inferenceStatusOf(hasQuirk: HasQuirk): (error: ServingError) => GrpcStatusName {
  const refine = managementStatusOf(hasQuirk)
  return (error) => {
    const isInternal = INTERNAL_CODES.includes(error.code) || INTERNAL_REASONS.includes(error.reason)
    return isInternal && hasQuirk('grpcPredictionErrors') ? 'internal' : refine(error)
  }
}

export function managementStatusOf(hasQuirk: HasQuirk): (error: ServingError) => GrpcStatusName {
  return (error) => {
    const { code } = error
    if (code === 'unauthenticated' && hasQuirk('grpcTokens')) return 'permission_denied'
    return hasQuirk('grpcConflicts') ? conflictStatus(error) : code
  }
}

/** As its statuses of HTTP translate: 403 for a default version that is in use, 409 for every other conflict. */
function conflictStatus({ code, reason }: ServingError): GrpcStatusName {
  if (reason === 'default_version') return 'permission_denied'
  return code === 'already_exists' || code === 'failed_precondition' ? 'aborted' : code
}

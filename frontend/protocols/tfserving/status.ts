import type { DataPlane, ModelSelector, VersionStatus } from '../../core/data-plane.ts'
import type { VersionState } from '../../core/version-state.ts'
import { inStatusWords } from './errors.ts'

/*
 * The status of a model's versions, for TensorFlow Serving's clients and for KServe's at once: those read
 * `model_version_status`, these `name`, `ready` and the status of the answer.
 */

/** `ModelVersionStatus.State` by its number. */
export const STATE_NUMBERS = {
  UNKNOWN: 0,
  START: 10,
  LOADING: 20,
  AVAILABLE: 30,
  UNLOADING: 40,
  END: 50,
} as const

export type ServableState = keyof typeof STATE_NUMBERS

const STATE_OF: Readonly<Record<VersionState, ServableState>> = {
  new: 'START',
  loading: 'LOADING',
  ready: 'AVAILABLE',
  draining: 'UNLOADING',
  unloading: 'UNLOADING',
  unloaded: 'END',
  failed: 'END',
}

/** Of one version. */
export type ServableStatus = {
  /** The integer that names it; see {@link DataPlane.integerVersionOf}. */
  readonly version: string
  readonly state: ServableState
  /** Name of a code of gRPC. */
  readonly errorCode: 'OK' | 'UNAVAILABLE' | 'UNKNOWN'
  readonly errorMessage: string
}

/** Newest first: all versions of a model, or the one that is meant. @throws ServingError `not_found` */
export function statusesOf(dataPlane: DataPlane, selector: ModelSelector): readonly ServableStatus[] {
  const { name, version, label, integerVersion } = selector
  const servableStatus = (status: VersionStatus) => statusOf(status, dataPlane.integerVersionOf(status.model))
  try {
    const all = dataPlane.statesOf(name)
    if (version === undefined && label === undefined && integerVersion === undefined) {
      return all.map(servableStatus).reverse()
    }
    const { model } = dataPlane.modelHealth(selector)
    return all.filter((each) => each.model.version === model.version).map(servableStatus)
  } catch (error) {
    throw inStatusWords(error, selector)
  }
}

/** A version whose workers are down is not available, whatever becomes of it. */
function statusOf({ state, ready, reason = '' }: VersionStatus, version: string): ServableStatus {
  if (state === 'failed') return { version, state: 'END', errorCode: 'UNKNOWN', errorMessage: reason }
  if (state === 'ready' && !ready) {
    return { version, state: 'LOADING', errorCode: 'UNAVAILABLE', errorMessage: reason }
  }
  return { version, state: STATE_OF[state], errorCode: 'OK', errorMessage: '' }
}

export function statusToJson({ version, state, errorCode, errorMessage }: ServableStatus) {
  return { version, state, status: { error_code: errorCode, error_message: errorMessage } }
}

import { ServingError } from '../../../worker/contract/errors.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { DataPlane, ModelSelector, VersionHealth } from '../../core/data-plane.ts'
import { jsonAnswer, type Answer } from './transport.ts'

/*
 * Three separate facts: the process is live; the server is ready; a model is ready. TorchServe's /ping mixes them
 * and reports healthy while models load; here it is readiness, with the reason.
 */

/** TorchServe's status for an unhealthy server. */
const PING_UNHEALTHY_STATUS = 500
const NOT_READY_STATUS = 503

export function ping(dataPlane: DataPlane): Answer {
  const { ready, reason } = dataPlane.health()
  return ready
    ? jsonAnswer(200, { status: 'Healthy' })
    : jsonAnswer(PING_UNHEALTHY_STATUS, { status: 'Unhealthy', reason })
}

export function live(): Answer {
  return jsonAnswer(200, { live: true })
}

export function ready(dataPlane: DataPlane): Answer {
  const health = dataPlane.health()
  return jsonAnswer(health.ready ? 200 : NOT_READY_STATUS, {
    ready: health.ready,
    reason: health.reason,
    versions: health.versions.map(versionJson),
  })
}

/** Readiness of one version; without `version` in the selector, of the default version. */
export function modelReady(dataPlane: DataPlane, selector: ModelSelector): Answer {
  const health = versionHealth(dataPlane, selector)
  return jsonAnswer(health.ready ? 200 : NOT_READY_STATUS, versionJson(health))
}

function versionHealth(dataPlane: DataPlane, selector: ModelSelector): VersionHealth {
  const { versions } = dataPlane.health()
  try {
    const { model } = dataPlane.metadata(selector)
    return (
      versions.find((health) => isSame(health.model, model)) ?? { model, ready: false, reason: 'it is gone' }
    )
  } catch (error) {
    // Only readiness may say "not yet" with a body of its own; an unknown model stays an error.
    if (!(error instanceof ServingError) || error.code !== 'unavailable') throw error
    const model = { name: selector.name, version: selector.version ?? 'default' }
    return (
      versions.find((health) => isSame(health.model, model)) ?? { model, ready: false, reason: error.message }
    )
  }
}

function versionJson({ model, ready, reason }: VersionHealth) {
  return { model: model.name, version: model.version, ready, reason }
}

function isSame(a: ModelId, b: ModelId): boolean {
  return a.name === b.name && a.version === b.version
}

import type { DataPlane, ModelSelector, VersionHealth } from '../../core/data-plane.ts'
import type { HasQuirk } from './quirks.ts'
import { jsonAnswer, type Answer, type TextAnswer } from '../kernel/transport.ts'

/*
 * Three separate facts: the process is live; the server is ready; a model is ready. TorchServe's /ping mixes them
 * and reports healthy while models load or fail to; here it is readiness, with the reason.
 */

/** TorchServe's status for an unhealthy server. */
const PING_UNHEALTHY_STATUS = 500
const NOT_READY_STATUS = 503

export function ping(dataPlane: DataPlane, hasQuirk: HasQuirk): TextAnswer {
  const health = dataPlane.health()
  const { reason } = health
  const isHealthy = hasQuirk('pingRetryWindow')
    ? health.overdue.length === 0 && !health.shuttingDown
    : health.ready
  return isHealthy
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
  const health = dataPlane.modelHealth(selector)
  return jsonAnswer(health.ready ? 200 : NOT_READY_STATUS, versionJson(health))
}

/** As KServe asks: 200 for every registered model, and whether its default version can answer. */
export function modelPresence(dataPlane: DataPlane, selector: ModelSelector): Answer {
  const { model, ready } = dataPlane.modelHealth(selector)
  return jsonAnswer(200, { name: model.name, ready })
}

function versionJson({ model, ready, reason }: VersionHealth) {
  return { model: model.name, version: model.version, ready, reason }
}

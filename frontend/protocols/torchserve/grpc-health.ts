import { ServingError } from '../../../worker/contract/errors.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'

/** What the health service of gRPC may be asked about. */
export type HealthSource = {
  /** Undefined: there is no such service. */
  readonly isServing: (service: string) => boolean | undefined
  readonly services: () => readonly string[]
}

const MODEL_PREFIX = 'model/'

/**
 * Health by the names of the protocol: `''` and the services of the listener are the server's readiness, the same as
 * `/ready`; `model/{name}` and `model/{name}/{version}` are those of a model and of a version.
 */
export function healthSource(dataPlane: DataPlane, services: readonly string[]): HealthSource {
  return {
    services: () => [...services, ...dataPlane.health().versions.map(({ model }) => serviceOf(model))],
    isServing: (service) => {
      if (service === '' || services.includes(service)) return dataPlane.health().ready
      const selector = selectorOf(service)
      return selector === undefined ? undefined : isModelServing(dataPlane, selector)
    },
  }
}

function serviceOf({ name, version }: ModelId): string {
  return `${MODEL_PREFIX}${name}/${version}`
}

/** Names of models have no slash, so the first one ends the name. */
function selectorOf(service: string): ModelSelector | undefined {
  if (!service.startsWith(MODEL_PREFIX)) return undefined
  const [name = '', ...rest] = service.slice(MODEL_PREFIX.length).split('/')
  return rest.length === 0 ? { name } : { name, version: rest.join('/') }
}

function isModelServing(dataPlane: DataPlane, selector: ModelSelector): boolean | undefined {
  try {
    return dataPlane.modelHealth(selector).ready
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
    // While the server starts, what is not there yet may still come.
    return error.code === 'unavailable' ? false : undefined
  }
}

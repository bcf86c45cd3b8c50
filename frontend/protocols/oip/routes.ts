import type { Dialect } from '../kernel/dialect.ts'
import { scoped } from '../kernel/route-table.ts'
import { healthRoutes } from './health-routes.ts'
import { inferRoute } from './infer-routes.ts'
import { inferHot, type InferOptions } from './infer.ts'
import { metadataRoutes, modelReadyRoute, type MetadataOptions } from './metadata-routes.ts'
import { SCHEMAS } from './schemas.ts'
import { sharedMemoryRoutes } from './shared-memory-routes.ts'

export type OipOptions = InferOptions & MetadataOptions

/** The Open Inference Protocol over HTTP. */
export function oipDialect(options: OipOptions): Dialect {
  return {
    routes: [
      ...scoped('health', [...healthRoutes(options.dataPlane), modelReadyRoute(options.dataPlane)]),
      ...scoped('inference', [...metadataRoutes(options), inferRoute(options), ...sharedMemoryRoutes()]),
    ],
    hot: inferHot(options),
    schemas: SCHEMAS,
  }
}

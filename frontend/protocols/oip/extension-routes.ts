import type { Dialect } from '../kernel/dialect.ts'
import { GENERATE_SCHEMAS, generateRoutes } from './generate-routes.ts'
import type { InferOptions } from './infer.ts'
import { DESCRIPTION_SCHEMAS, descriptionRoutes, type DescriptionOptions } from './description-routes.ts'
import { REPOSITORY_SCHEMAS, repositoryRoutes, type RepositoryRouteOptions } from './repository-routes.ts'
import { SETTING_SCHEMAS, settingRoutes, type SettingOptions } from './setting-routes.ts'

/** What the extensions to the protocol need. */
export type ExtensionOptions = InferOptions & SettingOptions & DescriptionOptions & RepositoryRouteOptions

/**
 * Triton's extensions over HTTP. Ahead of the protocol's own routes: `/v2/models/stats` is no model, though it looks
 * like one.
 */
export function extensionsDialect(options: ExtensionOptions): Dialect {
  return {
    routes: [
      ...descriptionRoutes(options),
      ...generateRoutes(options),
      ...repositoryRoutes(options),
      ...settingRoutes(options),
    ],
    schemas: { ...DESCRIPTION_SCHEMAS, ...GENERATE_SCHEMAS, ...REPOSITORY_SCHEMAS, ...SETTING_SCHEMAS },
  }
}

import { choice, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** Whose manners the server has. */
export const compatibilitySettings = {
  compatibility: setting({
    property: 'compatibility',
    kind: choice('strict', 'torchserve'),
    default: 'strict',
    doc: "Whose manners the TorchServe API has: strict and helpful, or exactly TorchServe's where it is merely odd.",
  }),
  enableEnvvarsConfig: setting({
    property: 'enable_envvars_config',
    kind: toggle,
    default: false,
    doc: 'Whether any property may also be given as an environment variable: `TS_` and its name in capitals.',
  }),
  useEnvAllowedUrls: setting({
    property: 'use_env_allowed_urls',
    kind: toggle,
    default: false,
    doc: 'Whether `TS_ALLOWED_URLS` counts among those: what may be downloaded is not left to the environment by accident.',
  }),
} as const

import { compatibilitySettings } from './settings/compatibility.ts'
import { downloadsSettings } from './settings/downloads.ts'
import { extensionsSettings } from './settings/extensions.ts'
import { grpcSettings } from './settings/grpc.ts'
import { httpSettings } from './settings/http.ts'
import { jsonSettings } from './settings/json.ts'
import { listenersSettings } from './settings/listeners.ts'
import { loggingSettings } from './settings/logging.ts'
import { metricsSettings } from './settings/metrics.ts'
import { modelsSettings } from './settings/models.ts'
import { repositorySettings } from './settings/repository.ts'
import { portsSettings } from './settings/ports.ts'
import { securitySettings } from './settings/security.ts'
import { servedPathsSettings } from './settings/served-paths.ts'
import type { Setting } from './settings/setting.ts'
import { tfServingSettings } from './settings/tfserving.ts'
import { workersSettings } from './settings/workers.ts'

export type { Setting } from './settings/setting.ts'

/**
 * Every setting of the server: the source of types, defaults, validation, environment names, flags, `--help` and
 * the table in the README. A group is a file in `settings/`.
 */
export const SETTINGS = {
  ...compatibilitySettings,
  ...listenersSettings,
  ...modelsSettings,
  ...servedPathsSettings,
  ...repositorySettings,
  ...downloadsSettings,
  ...workersSettings,
  ...httpSettings,
  ...securitySettings,
  ...grpcSettings,
  ...extensionsSettings,
  ...jsonSettings,
  ...tfServingSettings,
  ...portsSettings,
  ...metricsSettings,
  ...loggingSettings,
} as const

export type SettingKey = keyof typeof SETTINGS

type ValueOf<S> = S extends Setting<infer T> ? T : never

/** The whole configuration. Modules receive the slice that they need. */
export type Config = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> }

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[] // keys of the table above

/** Variables with this prefix belong to the server; an unknown one is an error. */
export const ENVIRONMENT_PREFIX = 'ONNXSERVE_'

/** `maxQueuedRequests` → `ONNXSERVE_MAX_QUEUED_REQUESTS`. */
export function environmentName(key: string): string {
  return ENVIRONMENT_PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** `maxQueuedRequests` → `--max-queued-requests`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** What a setting is when nobody set it. */
export function defaultOf(
  { default: own, torchserveDefault }: Setting<unknown>,
  isTorchserve: boolean,
): unknown {
  return isTorchserve && torchserveDefault !== undefined ? torchserveDefault : own
}

/** The default as it is typed; TorchServe's behind it where that is another one. */
export function defaultText({
  kind,
  default: own,
  defaultText,
  torchserveDefault,
}: Setting<unknown>): string {
  const text = defaultText ?? (kind.format(own) || 'none')
  if (torchserveDefault === undefined) return text
  return `${text}; ${kind.format(torchserveDefault)} with compatibility=torchserve`
}

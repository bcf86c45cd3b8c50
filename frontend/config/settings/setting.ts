import { integer, type ValueKind } from '../values.ts'

/** One setting of the server. Its environment variable and its flag follow from its key. */
export type Setting<T> = {
  /** Name in `config.properties`: TorchServe's where the meaning is the same. */
  readonly property: string
  /** TorchServe's property of the same meaning, in whole seconds. */
  readonly propertyInSeconds?: string
  /** Another property that is read in the same way. */
  readonly propertyAlias?: string
  /** An environment variable that TorchServe reads whatever else is configured. */
  readonly variable?: string
  readonly kind: ValueKind<T>
  readonly default: NoInfer<T>
  /** TorchServe's own default, in force with `compatibility=torchserve`. Absent: the default above. */
  readonly torchserveDefault?: NoInfer<T>
  /** Whether messages leave its value out. */
  readonly isSecret?: true
  /** How the default is shown when it is not a plain value. */
  readonly defaultText?: string
  /** What it protects, or what it decides; one line. */
  readonly doc: string
}

const MAX_TIMEOUT_MS = 86_400_000
/** Largest delay of a JavaScript timer. */
export const MAX_TIMER_MS = 2_147_483_647
export const milliseconds = (min: number) => integer(min, MAX_TIMEOUT_MS, 'ms')

export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition
}

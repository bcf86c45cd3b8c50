import type { VersionTransition } from '../../archiver-cli/format/model-config.ts'
import { compareVersions } from '../../worker/contract/model-id.ts'
import type { VersionState } from './version-state.ts'

/** What a policy sees of one artefact of a model: a version that the source changed is two of them. */
export type VersionSnapshot = {
  /** Unlike that of any other snapshot of the model. */
  readonly id: string
  readonly version: string
  /** Whether the source says that it should be loaded. */
  readonly isAspired: boolean
  readonly state: VersionState
}

export type PolicyAction = { readonly kind: 'load' | 'unload'; readonly snapshot: VersionSnapshot }

/** Looks at all versions of one model and proposes at most one step; it is asked again until it proposes nothing. */
export type VersionPolicy = (snapshots: readonly VersionSnapshot[]) => PolicyAction | undefined

/**
 * Never takes the last version that answers before another one does; both are in memory during the change.
 *
 * @see TensorFlow Serving, availability_preserving_policy.cc
 */
export const availabilityPreserving: VersionPolicy = (snapshots) => {
  const leaving = snapshots.filter(isHeldInVain)
  const aspired = snapshots.filter(({ isAspired }) => isAspired)
  const isCovered =
    aspired.length === 0 ||
    aspired.some(({ state }) => state === 'ready') ||
    leaving.filter(isReady).length > 1
  const idle = leaving.find((each) => !isReady(each))
  // What does not answer is missed by nobody.
  if (idle !== undefined) return unload(idle)
  const lowest = lowestOf(leaving)
  if (lowest !== undefined && isCovered) return unload(lowest)
  return loadHighest(snapshots)
}

/**
 * Unloads all that is not aspired before it loads anything: for models of which memory holds one version only.
 *
 * @see TensorFlow Serving, resource_preserving_policy.cc
 */
export const resourcePreserving: VersionPolicy = (snapshots) => {
  const lowest = lowestOf(snapshots.filter(isHeldInVain))
  if (lowest !== undefined) return unload(lowest)
  if (snapshots.some(({ isAspired, state }) => !isAspired && isLeaving(state))) return undefined
  return loadHighest(snapshots)
}

export const POLICIES: Readonly<Record<VersionTransition, VersionPolicy>> = {
  availability: availabilityPreserving,
  resources: resourcePreserving,
}

function isHeldInVain({ isAspired, state }: VersionSnapshot): boolean {
  return !isAspired && state !== 'unloaded' && !isLeaving(state)
}

function isReady({ state }: VersionSnapshot): boolean {
  return state === 'ready'
}

function isLeaving(state: VersionState): boolean {
  return state === 'draining' || state === 'unloading'
}

function unload(snapshot: VersionSnapshot): PolicyAction {
  return { kind: 'unload', snapshot }
}

function loadHighest(snapshots: readonly VersionSnapshot[]): PolicyAction | undefined {
  const waiting = snapshots.filter(({ isAspired, state }) => isAspired && state === 'new')
  const snapshot = inOrder(waiting).at(-1)
  return snapshot === undefined ? undefined : { kind: 'load', snapshot }
}

function lowestOf(snapshots: readonly VersionSnapshot[]): VersionSnapshot | undefined {
  return inOrder(snapshots)[0]
}

function inOrder(snapshots: readonly VersionSnapshot[]): VersionSnapshot[] {
  return [...snapshots].sort((a, b) => compareVersions(a.version, b.version))
}

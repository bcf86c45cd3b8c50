import type { AccessScope, RouteScope } from '../kernel/access.ts'
import type { HasQuirk } from './quirks.ts'

/** Probes have no tokens: health is open, unless TorchServe's own choice is asked for. */
export function openScopes(mountScope: AccessScope, hasQuirk: HasQuirk): ReadonlySet<RouteScope> {
  const open = new Set<RouteScope>(hasQuirk('healthToken') ? [] : ['health'])
  if (!hasQuirk('openDocuments')) return open
  open.add('description')
  if (mountScope === 'metrics') open.add('metrics')
  return open
}

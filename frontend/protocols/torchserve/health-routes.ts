import type { DataPlane } from '../../core/data-plane.ts'
import { live, modelReady, ping, ready } from './health.ts'
import type { HasQuirk } from './quirks.ts'
import { selectorOf, type Route } from './route-table.ts'

export type HealthOptions = { readonly dataPlane: DataPlane; readonly hasQuirk: HasQuirk }

/** Health, on every address that serves models: probes may reach only one of them. */
export function healthRoutes({ dataPlane, hasQuirk }: HealthOptions): Route[] {
  return [
    { method: 'GET', path: '/ping', answer: () => ping(dataPlane, hasQuirk) },
    { method: 'GET', path: '/live', answer: () => live() },
    { method: 'GET', path: '/ready', answer: () => ready(dataPlane) },
    {
      method: 'GET',
      path: '/ready/:model{/:version}',
      answer: ({ params }) => modelReady(dataPlane, selectorOf(params)),
    },
  ]
}

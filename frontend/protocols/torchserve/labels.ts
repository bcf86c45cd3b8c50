import type { ControlPlane } from '../../core/control-plane.ts'
import { jsonAnswer, type Answer } from '../kernel/transport.ts'
import type { Route } from '../kernel/route-table.ts'
import { LABEL_DOCS } from './openapi/management-docs.ts'
import { readParameters } from './parameters.ts'
import type { HasQuirk } from './quirks.ts'

type Options = { readonly controlPlane: ControlPlane; readonly hasQuirk: HasQuirk }

/** Movable names for versions; TorchServe has none. */
export function labelRoutes({ controlPlane, hasQuirk }: Options): Route[] {
  return [
    {
      method: 'PUT',
      path: '/models/:model/labels/:label/:version',
      doc: LABEL_DOCS.setLabel,
      answer: async ({ params: { model: name = '', label = '', version = '' }, query }) => {
        readParameters({}, { query }, hasQuirk)
        await controlPlane.setLabel({ name, version }, label)
        return status(`Label "${label}" of model "${name}" points to version ${version}`)
      },
    },
    {
      method: 'DELETE',
      path: '/models/:model/labels/:label',
      doc: LABEL_DOCS.removeLabel,
      answer: async ({ params: { model: name = '', label = '' }, query }) => {
        readParameters({}, { query }, hasQuirk)
        await controlPlane.removeLabel(name, label)
        return status(`Label "${label}" of model "${name}" removed`)
      },
    },
  ]
}

function status(text: string): Answer {
  return jsonAnswer(200, { status: text })
}

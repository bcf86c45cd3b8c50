import { badRequest, workflowNotFound } from './errors.ts'
import type { Route } from './route-table.ts'
import { jsonAnswer } from './transport.ts'

/*
 * Workflows: TorchServe itself disabled their registration, so none can exist. Its clients get the answers of a
 * server that has none.
 */

/** `POST /wfpredict/{workflow}` */
export function workflowPredictionRoutes(): Route[] {
  return [{ method: 'POST', path: '/wfpredict/:workflow', answer: absent }]
}

export function workflowManagementRoutes(): Route[] {
  return [
    {
      method: 'POST',
      path: '/workflows',
      answer: () => {
        throw badRequest(
          'workflows cannot be registered: call the models one after the other from the client, or from a handler',
        )
      },
    },
    { method: 'GET', path: '/workflows', answer: () => jsonAnswer(200, { workflows: [] }) },
    { method: 'GET', path: '/workflows/:workflow', answer: absent },
    { method: 'DELETE', path: '/workflows/:workflow', answer: absent },
  ]
}

function absent({ params }: { readonly params: Readonly<Record<string, string>> }): never {
  throw workflowNotFound(params['workflow'] ?? '')
}

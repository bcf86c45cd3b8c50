import { badRequest, workflowNotFound } from './errors.ts'
import { ANYTHING } from '../kernel/openapi/json-schema.ts'
import { jsonDoc } from '../kernel/openapi/route-doc.ts'
import { ref } from './openapi/schemas.ts'
import type { Route } from '../kernel/route-table.ts'
import { jsonAnswer } from '../kernel/transport.ts'

/*
 * Workflows: TorchServe itself disabled their registration, so none can exist. Its clients get the answers of a
 * server that has none.
 */

/** `POST /wfpredict/{workflow}` */
export function workflowPredictionRoutes(): Route[] {
  const doc = {
    operationId: 'wfpredict',
    summary: 'Refused: there are no workflows.',
    body: { '*/*': ANYTHING },
    answers: {},
  }
  return [{ method: 'POST', path: '/wfpredict/:workflow', doc, answer: absent }]
}

export function workflowManagementRoutes(): Route[] {
  return [
    {
      method: 'POST',
      path: '/workflows',
      doc: {
        operationId: 'registerWorkflow',
        summary: 'Refused: workflows cannot be registered.',
        answers: {},
      },
      answer: () => {
        throw badRequest(
          'workflows cannot be registered: call the models one after the other from the client, or from a handler',
        )
      },
    },
    {
      method: 'GET',
      path: '/workflows',
      doc: {
        operationId: 'listWorkflows',
        summary: 'List the workflows: there are none.',
        answers: { 200: jsonDoc('An empty list.', ref('WorkflowList')) },
      },
      answer: () => jsonAnswer(200, { workflows: [] }),
    },
    {
      method: 'GET',
      path: '/workflows/:workflow',
      doc: { operationId: 'describeWorkflow', summary: 'Refused: there are no workflows.', answers: {} },
      answer: absent,
    },
    {
      method: 'DELETE',
      path: '/workflows/:workflow',
      doc: { operationId: 'unregisterWorkflow', summary: 'Refused: there are no workflows.', answers: {} },
      answer: absent,
    },
  ]
}

function absent({ params }: { readonly params: Readonly<Record<string, string>> }): never {
  throw workflowNotFound(params['workflow'] ?? '')
}

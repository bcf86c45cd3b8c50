import type { DataPlane } from '../../core/data-plane.ts'
import { mayUse } from '../kernel/may-use.ts'
import { component, jsonDoc } from '../kernel/openapi/route-doc.ts'
import { selectorOf, type Route } from '../kernel/route-table.ts'
import { compactJson } from './compact-json.ts'
import { modelMetadata, serverMetadata } from './metadata.ts'

export type MetadataOptions = { readonly dataPlane: DataPlane; readonly serverVersion: string }

const error = component('OipError')
/** The router's syntax: with a version, or without. */
export const MODEL_PATH = '/v2/models/:model{/versions/:version}'

/** What the server and its models say of themselves. */
export function metadataRoutes({ dataPlane, serverVersion }: MetadataOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/v2',
      doc: {
        operationId: 'oipServer',
        summary: 'Describe the server.',
        answers: { 200: jsonDoc('Its name, version and extensions.', component('OipServer')) },
        error,
      },
      answer: () => compactJson(200, serverMetadata(serverVersion)),
    },
    {
      method: 'GET',
      path: '/v2/models',
      doc: {
        operationId: 'oipModels',
        summary: 'List the models.',
        answers: { 200: jsonDoc('Their names.', component('OipModels')) },
        error,
      },
      answer: ({ ctx }) => {
        const names = dataPlane.models().map(({ name }) => name)
        return compactJson(200, { models: names.filter((name) => mayUse(ctx, name)) })
      },
    },
    {
      method: 'GET',
      path: MODEL_PATH,
      doc: {
        operationId: 'oipModel',
        summary: 'Describe a model: its versions, inputs and outputs.',
        answers: { 200: jsonDoc('The description.', component('OipModel')) },
        error,
      },
      answer: ({ params }) => compactJson(200, modelMetadata(dataPlane, selectorOf(params))),
    },
  ]
}

/** Whether a model can answer. A probe, hence without a token where probes need none. */
export function modelReadyRoute(dataPlane: DataPlane): Route {
  return {
    method: 'GET',
    path: `${MODEL_PATH}/ready`,
    doc: {
      operationId: 'oipModelReady',
      summary: 'Ask whether a model can answer.',
      answers: {
        200: jsonDoc('It can.', component('OipModelReady')),
        503: jsonDoc('It cannot.', component('OipModelReady')),
      },
      error,
    },
    answer: ({ params }) => {
      const { model, ready, reason } = dataPlane.modelHealth(selectorOf(params))
      return compactJson(ready ? 200 : 503, { name: model.name, ready, reason })
    },
  }
}

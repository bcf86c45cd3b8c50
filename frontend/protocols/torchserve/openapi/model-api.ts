import { isServingError } from '../../../../worker/contract/errors.ts'
import type { DataPlane, ModelSelector, VersionMetadata } from '../../../core/data-plane.ts'
import type { HasQuirk } from '../quirks.ts'
import { selectorOf, type Route } from '../../kernel/route-table.ts'
import { jsonAnswer } from '../../kernel/transport.ts'
import { openApiDocument } from '../../kernel/openapi/document.ts'
import { modelDocument } from './model-document.ts'
import { jsonDoc } from '../../kernel/openapi/route-doc.ts'
import { ref, SCHEMAS } from './schemas.ts'

export type ModelApiOptions = { readonly dataPlane: DataPlane; readonly hasQuirk: HasQuirk }

/** `OPTIONS` of a prediction: what this model takes and answers. */
export function modelApiRoute({ dataPlane, hasQuirk }: ModelApiOptions): Route {
  const predictions = hasQuirk('openApiNames') ? '/prediction' : '/predictions'
  return {
    method: 'OPTIONS',
    path: '/predictions/:model{/:version}',
    doc: {
      operationId: 'modelApi',
      summary: 'Describe what a model takes and answers.',
      answers: { 200: jsonDoc('The OpenAPI document of the model.', ref('Document')) },
    },
    answer: ({ params }) => {
      const selector = selectorOf(params)
      const metadata = metadataOf(dataPlane, selector)
      // Models of tensors have typed rows and columns there, which are another dialect's.
      const hasV1 = hasQuirk('v1Routes') || metadata?.handlesTensors === false
      return jsonAnswer(200, modelDocument(selector.name, { predictions, hasV1, metadata }))
    },
  }
}

/** `OPTIONS` of a model: how it is managed. @param routes of the management address */
export function modelManagementApiRoute(routes: readonly Route[], dataPlane: DataPlane): Route {
  return {
    method: 'OPTIONS',
    path: '/models/:model{/:version}',
    doc: {
      operationId: 'modelManagementApi',
      summary: 'Describe how a model is managed.',
      answers: { 200: jsonDoc('The OpenAPI document of the model.', ref('Document')) },
    },
    answer: ({ params }) => {
      const selector = selectorOf(params)
      const { model } = dataPlane.modelHealth(selector)
      const title = `RESTful Management API for: ${model.name}`
      const ofModels = routes.filter(({ path }) => path.startsWith('/models/'))
      return jsonAnswer(200, openApiDocument({ title, version: model.version }, ofModels, SCHEMAS))
    },
  }
}

/** Undefined while no worker has loaded it. @throws ServingError `not_found` */
function metadataOf(dataPlane: DataPlane, selector: ModelSelector): VersionMetadata | undefined {
  try {
    return dataPlane.metadata(selector)
  } catch (error) {
    if (isServingError(error) && error.code === 'unavailable') return undefined
    throw error
  }
}

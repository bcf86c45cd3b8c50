import { ANYTHING } from '../../kernel/openapi/json-schema.ts'
import type { AnswerDoc, ContentDoc, RouteDoc } from '../../kernel/openapi/route-doc.ts'

const BODY: ContentDoc = { '*/*': ANYTHING }
const ANSWERS: Readonly<Record<number, AnswerDoc>> = {
  200: { description: 'The answer of the model; its handler may choose another status.', content: BODY },
}

function doc(operationId: string, summary: string): RouteDoc {
  return { operationId, summary, body: BODY, answers: ANSWERS }
}

/** What the description says of the inference routes; what a model takes is in its own description. */
export const INFERENCE_DOCS = {
  predict: doc('predictions', 'Predict.'),
  predictPath: doc('path_predictions', 'Predict; the rest of the path is for the handler.'),
  explain: doc('explanations', 'Explain, with handlers that can.'),
  v1Predict: doc('v1_predict', 'Predict, as KServe calls it.'),
  v1Explain: doc('v1_explain', 'Explain, as KServe calls it.'),
  invocations: doc('invocations', 'Predict with the model that `model_name` names, or with the only one.'),
  invoke: doc('invoke', 'Predict; parameters of the query are inputs too.'),
  legacy: doc('predict', 'Predict; parameters of the query are inputs too.'),
  legacyVersion: doc('version_predict', 'Predict; parameters of the query are inputs too.'),
} as const satisfies Readonly<Record<string, RouteDoc>>

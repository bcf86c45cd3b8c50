import { DESCRIBE, LIST, REGISTER, SCALE, UNREGISTER } from '../management.ts'
import { jsonDoc, type RouteDoc } from '../../kernel/openapi/route-doc.ts'
import { ref } from './schemas.ts'

/** What the description says of the routes of labels. */
export const LABEL_DOCS = {
  setLabel: {
    operationId: 'setLabel',
    summary: 'Point a label to a version that is ready; it moves at once.',
    answers: { 200: jsonDoc('It does.', ref('Status')) },
  },
  removeLabel: {
    operationId: 'removeLabel',
    summary: 'Remove a label.',
    answers: { 200: jsonDoc('It is gone.', ref('Status')) },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>

/** What the description says of the routes of models. */
export const MANAGEMENT_DOCS = {
  register: {
    operationId: 'registerModel',
    summary: 'Register a model; the parameters may come as a JSON object instead.',
    query: REGISTER,
    body: { 'application/json': { type: 'object' } },
    answers: {
      200: jsonDoc('It is registered.', ref('Status')),
      202: jsonDoc('It is registered, its workers are starting.', ref('Status')),
      206: jsonDoc('It is registered; some of its workers did not start.', ref('Status')),
    },
  },
  list: {
    operationId: 'listModels',
    summary: 'List the models.',
    query: LIST,
    answers: { 200: jsonDoc('One page of the list.', ref('ModelList')) },
  },
  setDefault: {
    operationId: 'setDefault',
    summary: 'Make a version the default one.',
    answers: { 200: jsonDoc('It is.', ref('Status')) },
  },
  describe: {
    operationId: 'describeModel',
    summary: 'Describe a version of a model, or with `all` every version.',
    query: DESCRIBE,
    answers: { 200: jsonDoc('The versions that were asked for.', ref('ModelDescriptions')) },
  },
  scale: {
    operationId: 'setAutoScale',
    summary: 'Set the number of workers, or settings that need no new ones.',
    query: SCALE,
    answers: {
      200: jsonDoc('So many workers serve, or the settings count.', ref('Status')),
      202: jsonDoc('Workers are starting or ending.', ref('Status')),
    },
  },
  unregister: {
    operationId: 'unregisterModel',
    summary: 'Drain and unregister a version.',
    query: UNREGISTER,
    answers: { 200: jsonDoc('It is gone.', ref('Status')) },
  },
  presence: {
    operationId: 'presence',
    summary: 'Ask whether a model can answer, as KServe does.',
    answers: { 200: jsonDoc('Whether it can.', ref('Presence')) },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>

import type { ControlPlane, RegisterRequest, WorkersOutcome } from '../../core/control-plane.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import { badParameter, badRequest } from './errors.ts'
import { descriptionToJson, listToJson } from './metadata.ts'
import { flag, ignored, integer, readParameters, required, text } from './parameters.ts'
import { jsonAnswer, type Answer } from './transport.ts'

/** The answer to a change. Its text is also the whole answer where there is no JSON around it, as over gRPC. */
export type StatusAnswer = Answer & { readonly text: string }

const MS_PER_SECOND = 1000
const MAX_WORKERS = 1024
const MAX_PAGE = 100
const timeoutSeconds = integer(1, 86_400, ' seconds')

const REGISTER = {
  url: text,
  model_name: text,
  runtime: text,
  handler: text,
  batch_size: integer(1, 65_536),
  max_batch_delay: integer(0, 60_000, ' milliseconds'),
  initial_workers: integer(0, MAX_WORKERS),
  synchronous: flag,
  response_timeout: timeoutSeconds,
  startup_timeout: timeoutSeconds,
}

/** `POST /models` */
export async function register(
  controlPlane: ControlPlane,
  query: string,
  json: string,
): Promise<StatusAnswer> {
  return registerAnswer(await controlPlane.register(registerRequest(query, json)))
}

function registerAnswer({ model, state, workers, existing }: WorkersOutcome): StatusAnswer {
  const name = `Model "${model.name}" version ${model.version}`
  const registered =
    existing === true ? 'was registered before from the same archive, unchanged,' : 'registered'
  switch (state) {
    case 'no_workers':
      return status(200, `${name} ${registered} with 0 initial workers. Use the scale API to add workers.`)
    case 'ready':
      return status(200, `${name} ${registered} with ${workers} initial workers`)
    case 'partial':
      return status(206, `${name} ${registered}; ${workers} workers are up, the others are being restarted`)
    case 'loading':
      return status(202, `${name} is registered, ${workers} workers are starting`)
  }
}

function registerRequest(query: string, json: string): RegisterRequest {
  const values = readParameters(REGISTER, query, json)
  const archive = required(
    values.url,
    'url',
    "the file name of an archive in the model store, such as 'digits.mar'",
  )
  if (archive.includes('://')) {
    throw badRequest(
      `archives are not fetched from '${archive}': copy the file into the model store and give its name`,
    )
  }
  if (values.runtime !== undefined && values.runtime !== 'node') {
    throw badParameter('runtime', values.runtime, "'node', the only runtime here")
  }
  return {
    archive,
    ...given('name', values.model_name),
    ...given('handler', values.handler),
    ...given('initialWorkers', values.initial_workers),
    settings: {
      ...given('maxBatchRows', values.batch_size),
      ...given('maxBatchDelayMs', values.max_batch_delay),
      ...given('inferenceTimeoutMs', inMilliseconds(values.response_timeout)),
      ...given('startupTimeoutMs', inMilliseconds(values.startup_timeout)),
    },
    synchronous: values.synchronous ?? true,
  }
}

const SCALE = {
  min_worker: integer(0, MAX_WORKERS),
  max_worker: integer(0, MAX_WORKERS),
  synchronous: flag,
  number_gpu: ignored,
  timeout: ignored,
}

/** `PUT /models/{model}[/{version}]` */
export async function scale(
  controlPlane: ControlPlane,
  model: ModelSelector,
  query: string,
): Promise<StatusAnswer> {
  const values = readParameters(SCALE, query)
  const minWorkers = values.min_worker ?? 1
  const maxWorkers = values.max_worker ?? minWorkers
  if (maxWorkers < minWorkers) {
    throw badParameter('max_worker', String(maxWorkers), `at least min_worker, which is ${minWorkers}`)
  }
  const outcome = await controlPlane.scale({
    model,
    minWorkers,
    maxWorkers,
    synchronous: values.synchronous ?? false,
  })
  return scaleAnswer(outcome, model)
}

function scaleAnswer({ state, model, workers }: WorkersOutcome, { version }: ModelSelector): StatusAnswer {
  if (state === 'loading')
    return status(202, `Processing worker updates: ${workers} workers for model: ${model.name}`)
  if (state === 'partial')
    return status(206, `${workers} workers are up for model: ${model.name}, the others are being restarted`)
  const suffix = version === undefined ? '' : `, version: ${model.version}`
  return status(200, `Workers scaled to ${workers} for model: ${model.name}${suffix}`)
}

const LIST = { limit: integer(1, MAX_PAGE), next_page_token: integer(0, Number.MAX_SAFE_INTEGER) }

/** `GET /models` */
export function list(controlPlane: ControlPlane, query: string): Answer {
  const { limit = MAX_PAGE, next_page_token: offset = 0 } = readParameters(LIST, query)
  return jsonAnswer(200, listToJson(controlPlane.list(), offset, limit))
}

/** `GET /models/{model}[/{version}|/all]` */
export function describe(controlPlane: ControlPlane, model: ModelSelector, query: string): Answer {
  readParameters({}, query)
  return jsonAnswer(200, controlPlane.describe(model).map(descriptionToJson))
}

/** `PUT /models/{model}/{version}/set-default` */
export async function setDefault(
  controlPlane: ControlPlane,
  model: { readonly name: string; readonly version: string },
  query: string,
): Promise<StatusAnswer> {
  readParameters({}, query)
  await controlPlane.setDefault(model)
  return status(200, `Default version of model "${model.name}" is now "${model.version}"`)
}

const UNREGISTER = { synchronous: ignored, timeout: ignored }

/** `DELETE /models/{model}[/{version}]` */
export async function unregister(
  controlPlane: ControlPlane,
  model: ModelSelector,
  query: string,
): Promise<StatusAnswer> {
  readParameters(UNREGISTER, query)
  const { name, version } = await controlPlane.unregister(model)
  return status(200, `Model "${name}" unregistered, version ${version}`)
}

function status(code: number, text: string): StatusAnswer {
  return { ...jsonAnswer(code, { status: text }), text }
}

function given<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  // A computed key widens to an index signature; the object has this one key or none.
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T }
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * MS_PER_SECOND
}

import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../../../worker/contract/messages.ts'
import type {
  ControlPlane,
  RegisterRequest,
  TunableSettings,
  WorkersOutcome,
} from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { customizedMetadata, type DescribeCall } from './customized-metadata.ts'
import { badParameter, badRequest } from './errors.ts'
import { descriptionToJson, listToJson } from './metadata.ts'
import {
  boundedInteger,
  flag,
  ignored,
  integer,
  readParameters,
  required,
  text,
  type Parameter,
  type ParameterSource,
  type Values,
} from './parameters.ts'
import type { HasQuirk } from './quirks.ts'
import { jsonAnswer, type Answer } from '../kernel/transport.ts'

/** The answer to a change. Its text is also the whole answer where there is no JSON around it, as over gRPC. */
export type StatusAnswer = Answer & { readonly text: string }

/** What every call of the management API works with. */
export type ManagementPlanes = {
  readonly controlPlane: ControlPlane
  readonly dataPlane: DataPlane
  readonly hasQuirk: HasQuirk
}

const MS_PER_SECOND = 1000
const MAX_WORKERS = 1024
const MAX_PAGE = 100
const timeoutSeconds = integer(1, 86_400, ' seconds')
const workers = integer(0, MAX_WORKERS)

/** TorchServe takes fewer workers than none as none. */
const initialWorkers: Parameter<number> = {
  ...workers,
  quirk: (value) => (/^-\d+$/.test(value) ? { value: 0 } : workers.quirk?.(value)),
}

/** Handlers run in Node.js whatever is asked for: the words for Python are those of scripts that come from there. */
const RUNTIMES: readonly string[] = ['node', 'python', 'python3', 'LSP', 'PYTHON', 'PYTHON3']

const runtime: Parameter<string> = {
  expected: `one of ${RUNTIMES.join(', ')}; handlers run in Node.js in any case`,
  json: { type: 'string', enum: RUNTIMES },
  parse: (value) => RUNTIMES.find((name) => name === value),
}

const sha256: Parameter<string> = {
  expected: 'the SHA-256 of the archive file, 64 hexadecimal digits',
  json: { type: 'string', pattern: '^[0-9a-fA-F]{64}$' },
  parse: (value) => (/^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined),
}

/** `auto`, or provider names separated by commas. */
const executionProviders: Parameter<'auto' | ExecutionProvider[]> = {
  expected: `auto, or names of ${EXECUTION_PROVIDERS.join(', ')} separated by commas, the preferred first`,
  json: { type: 'string' },
  parse: (value) => (value === 'auto' ? 'auto' : listOf(value, providerNamed)),
}

const deviceIds: Parameter<number[]> = {
  expected: 'numbers of GPUs from 0 to 63 separated by commas',
  json: { type: 'string', pattern: '^\\d+(,\\d+)*$' },
  parse: (value) => listOf(value, (each) => integer(0, 63).parse(each)),
}

export const REGISTER = {
  url: text,
  model_name: text,
  runtime,
  handler: text,
  batch_size: integer(1, 65_536),
  max_batch_delay: integer(0, 60_000, ' milliseconds'),
  initial_workers: initialWorkers,
  synchronous: flag,
  response_timeout: timeoutSeconds,
  startup_timeout: timeoutSeconds,
  s3_sse_kms: flag,
  sha256,
  execution_providers: executionProviders,
  device_ids: deviceIds,
}

/** `POST /models` */
export async function register(
  { controlPlane, hasQuirk }: ManagementPlanes,
  source: ParameterSource,
): Promise<StatusAnswer> {
  return registerAnswer(await controlPlane.register(registerRequest(source, hasQuirk)))
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

function registerRequest(source: ParameterSource, hasQuirk: HasQuirk): RegisterRequest {
  const values = readParameters(REGISTER, source, hasQuirk)
  const archive = required(
    values.url,
    'url',
    "the file name of an archive in the model store, such as 'digits.mar'",
  )
  if (values.s3_sse_kms === true) {
    throw badRequest(
      "'s3_sse_kms' cannot be true: requests to S3 are not signed here; give a presigned https URL, or copy the archive into the model store",
    )
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
      ...given('executionProviders', values.execution_providers),
      ...given('deviceIds', values.device_ids),
    },
    ...given('sha256', values.sha256),
    ...(hasQuirk('registeredTwice') ? { repeatable: false } : {}),
    synchronous: values.synchronous ?? true,
  }
}

export const SCALE = {
  min_worker: workers,
  max_worker: workers,
  synchronous: flag,
  number_gpu: ignored,
  timeout: ignored,
  batch_size: integer(1, 65_536),
  max_batch_delay: integer(0, 60_000, ' milliseconds'),
  job_queue_size: integer(1, 1_000_000, ' requests'),
  response_timeout: timeoutSeconds,
  target_wait: integer(0, 86_400_000, ' milliseconds; 0 sets none'),
}

/** `PUT /models/{model}[/{version}]` */
export async function scale(
  { controlPlane, hasQuirk }: ManagementPlanes,
  model: ModelSelector,
  query: string,
): Promise<StatusAnswer> {
  const values = readParameters(SCALE, { query }, hasQuirk)
  const settings = tunedSettings(values)
  const isTuning = Object.keys(settings).length > 0
  if (isTuning && values.min_worker === undefined && values.max_worker === undefined) {
    return tunedAnswer(
      await controlPlane.scale({ model, settings, synchronous: values.synchronous ?? false }),
    )
  }
  const minWorkers = values.min_worker ?? 1
  const maxWorkers = values.max_worker ?? minWorkers
  if (maxWorkers < minWorkers) {
    throw badParameter('max_worker', String(maxWorkers), `at least min_worker, which is ${minWorkers}`)
  }
  const outcome = await controlPlane.scale({
    model,
    minWorkers,
    maxWorkers,
    ...(isTuning ? { settings } : {}),
    synchronous: values.synchronous ?? false,
  })
  return scaleAnswer(outcome, model)
}

/** What this server can change beside the workers, under the names of a registration where it has one. */
function tunedSettings(values: Values<typeof SCALE>): TunableSettings {
  return {
    ...given('maxBatchRows', values.batch_size),
    ...given('maxBatchDelayMs', values.max_batch_delay),
    ...given('maxQueuedRequests', values.job_queue_size),
    ...given('inferenceTimeoutMs', inMilliseconds(values.response_timeout)),
    ...given('targetWaitMs', values.target_wait),
  }
}

function tunedAnswer({ state, model, workers }: WorkersOutcome): StatusAnswer {
  const settings = `Settings changed for model: ${model.name}, version: ${model.version}`
  return state === 'loading'
    ? status(202, `${settings}; ${workers} workers are being started with them`)
    : status(200, settings)
}

function scaleAnswer({ state, model, workers }: WorkersOutcome, { version }: ModelSelector): StatusAnswer {
  if (state === 'loading')
    return status(202, `Processing worker updates: ${workers} workers for model: ${model.name}`)
  if (state === 'partial')
    return status(206, `${workers} workers are up for model: ${model.name}, the others are being restarted`)
  const suffix = version === undefined ? '' : `, version: ${model.version}`
  return status(200, `Workers scaled to ${workers} for model: ${model.name}${suffix}`)
}

export const LIST = {
  limit: boundedInteger(1, MAX_PAGE),
  next_page_token: boundedInteger(0, Number.MAX_SAFE_INTEGER),
}

/** `GET /models` */
export function list({ controlPlane, hasQuirk }: ManagementPlanes, query: string): Answer {
  const { limit = MAX_PAGE, next_page_token: offset = 0 } = readParameters(LIST, { query }, hasQuirk)
  return jsonAnswer(200, listToJson(controlPlane.list(), { offset, limit }, hasQuirk))
}

export const DESCRIBE = { customized: flag }

/** `GET /models/{model}[/{version}|/all]` */
export async function describe(
  { controlPlane, dataPlane, hasQuirk }: ManagementPlanes,
  model: ModelSelector,
  call: DescribeCall,
): Promise<Answer> {
  const { customized = false } = readParameters(DESCRIBE, call, hasQuirk)
  const versions = controlPlane.describe(model).map((version) => descriptionToJson(version, hasQuirk))
  const [only] = versions
  if (!customized || model.version === 'all' || only === undefined) return jsonAnswer(200, versions)
  return jsonAnswer(200, [{ ...only, customizedMetadata: await customizedMetadata(dataPlane, model, call) }])
}

/** `PUT /models/{model}/{version}/set-default` */
export async function setDefault(
  { controlPlane, hasQuirk }: ManagementPlanes,
  model: { readonly name: string; readonly version: string },
  query: string,
): Promise<StatusAnswer> {
  readParameters({}, { query }, hasQuirk)
  await controlPlane.setDefault(model)
  return status(200, `Default version of model "${model.name}" is now "${model.version}"`)
}

export const UNREGISTER = { synchronous: ignored, timeout: ignored }

/** `DELETE /models/{model}[/{version}]` */
export async function unregister(
  { controlPlane, hasQuirk }: ManagementPlanes,
  model: ModelSelector,
  query: string,
): Promise<StatusAnswer> {
  readParameters(UNREGISTER, { query }, hasQuirk)
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

/** Undefined when one of the items is. */
function listOf<T>(text: string, parse: (item: string) => T | undefined): T[] | undefined {
  const items = text.split(',').map((item) => parse(item.trim()))
  const parsed = items.filter((item) => item !== undefined)
  return parsed.length === items.length ? parsed : undefined
}

function providerNamed(name: string): ExecutionProvider | undefined {
  return EXECUTION_PROVIDERS.find((provider) => provider === name)
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * MS_PER_SECOND
}

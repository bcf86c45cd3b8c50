import { z } from 'zod'
import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import { nearest } from '../../../worker/contract/nearest.ts'
import type { VersionChoice } from '../control-plane.ts'
import { badConfigOverride } from './errors.ts'

/** What a load asked for beyond what the model says itself; in force until it is unloaded. */
export type ConfigOverride = { readonly settings: ModelConfig; readonly choice?: VersionChoice }

const integer = z.union([
  z.int(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
])

/** The fields of Triton's ModelConfig that a running server can take; protobuf's JSON has 64-bit integers as texts. */
const schema = z.strictObject({
  name: z.string().optional(),
  platform: z.literal(['', 'onnxruntime_onnx']).optional(),
  backend: z.literal(['', 'onnxruntime']).optional(),
  version_policy: z
    .union([
      z.strictObject({ latest: z.strictObject({ num_versions: integer.optional() }) }),
      z.strictObject({ all: z.strictObject({}) }),
      z.strictObject({
        specific: z.strictObject({ versions: z.array(z.union([z.int(), z.string()])).min(1) }),
      }),
    ])
    .optional(),
  max_batch_size: integer.pipe(z.int().min(0).max(65_536)).optional(),
  dynamic_batching: z.strictObject({ max_queue_delay_microseconds: integer.optional() }).optional(),
  instance_group: z
    .array(
      z.strictObject({
        count: z.int().min(1).max(1024).optional(),
        kind: z.enum(['KIND_AUTO', 'KIND_CPU', 'KIND_GPU']).optional(),
        gpus: z.array(z.int().min(0).max(63)).optional(),
      }),
    )
    .max(1)
    .optional(),
})

type Fields = z.infer<typeof schema>

const MICROSECONDS_PER_MS = 1000

/**
 * Triton's ModelConfig as our settings.
 *
 * @throws ServingError `invalid_argument` naming a field that is wrong, or has no counterpart here
 */
export function readConfigOverride(name: string, config: Readonly<Record<string, unknown>>): ConfigOverride {
  const result = schema.safeParse(config)
  if (!result.success) throw refusal(result.error.issues[0])
  const fields = result.data
  if (fields.name !== undefined && fields.name !== '' && fields.name !== name) {
    throw badConfigOverride('name', `is '${fields.name}', and the model that is to be loaded is '${name}'`)
  }
  const choice = choiceOf(fields.version_policy)
  return { settings: settingsOf(fields), ...(choice === undefined ? {} : { choice }) }
}

function settingsOf({
  max_batch_size: rows,
  dynamic_batching: batching,
  instance_group: [group] = [],
}: Fields) {
  const delay = batching?.max_queue_delay_microseconds
  return {
    // 0 is a model that does not batch.
    ...(rows === undefined ? {} : { maxBatchRows: Math.max(1, rows) }),
    ...(delay === undefined ? {} : { maxBatchDelayMs: Math.ceil(delay / MICROSECONDS_PER_MS) }),
    ...(group?.count === undefined ? {} : { minWorkers: group.count, maxWorkers: group.count }),
    ...(group?.kind === 'KIND_CPU' ? { deviceType: 'cpu' as const } : {}),
    ...(group?.kind === 'KIND_GPU' ? { deviceType: 'gpu' as const } : {}),
    ...(group?.gpus === undefined || group.gpus.length === 0 ? {} : { deviceIds: group.gpus }),
  }
}

function choiceOf(policy: Fields['version_policy']): VersionChoice | undefined {
  if (policy === undefined) return undefined
  if ('all' in policy) return { kind: 'all' }
  if ('latest' in policy) return { kind: 'latest', count: policy.latest.num_versions ?? 1 }
  return { kind: 'specific', versions: policy.specific.versions.map(String) }
}

function refusal(issue: z.core.$ZodIssue | undefined) {
  const path = issue?.path.map(String).join('.') ?? ''
  if (issue?.code !== 'unrecognized_keys') {
    return badConfigOverride(
      path,
      `cannot be applied to a loaded model: ${issue?.message ?? 'it is invalid'}`,
    )
  }
  const key = issue.keys[0] ?? ''
  const suggestion = nearest(key, Object.keys(schema.shape))
  const hint =
    suggestion === undefined
      ? `known are: ${Object.keys(schema.shape).join(', ')}`
      : `did you mean '${suggestion}'?`
  return badConfigOverride([path, key].filter(Boolean).join('.'), `cannot be overridden in a load; ${hint}`)
}

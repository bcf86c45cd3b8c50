import { z } from 'zod'

/** What becomes of a request that has waited too long: it fails, or it lets all others go first. */
export const TIMEOUT_ACTIONS = ['reject', 'delay'] as const
export type TimeoutAction = (typeof TIMEOUT_ACTIONS)[number]

const MAX_PRIORITY_LEVELS = 1000
const level = z.int().min(1).max(MAX_PRIORITY_LEVELS)

/** How requests may wait. */
export const queuePolicySchema = z.strictObject({
  /** How long a request may wait for a worker; absent: only its deadline counts. */
  timeoutMs: z.number().positive().max(86_400_000).optional(),
  /** What becomes of it then; default `reject`. */
  timeoutAction: z.enum(TIMEOUT_ACTIONS).optional(),
  /** Whether a request may ask for a shorter time; default false. */
  allowTimeoutOverride: z.boolean().optional(),
  /** Requests that may wait under this policy; absent: the model's `maxQueuedRequests` alone counts. */
  maxQueuedRequests: z.int().min(1).max(1_000_000).optional(),
})

/** The order in which waiting requests are served, for models that need another than first come, first served. */
export const schedulingSchema = z
  .strictObject({
    /** Rows at which a batch runs without waiting any longer, ascending; others wait `maxBatchDelayMs` for more. */
    preferredBatchRows: z.array(z.int().min(1).max(65_536)).min(1).max(64).optional(),
    /** Answers leave in the order in which their requests came, also across workers; default false. */
    preserveOrdering: z.boolean().optional(),
    /** Priorities that requests may ask for: 1, the highest, up to this. */
    priorityLevels: level.optional(),
    /** Of requests that ask for none; default the lowest. */
    defaultPriorityLevel: level.optional(),
    queuePolicy: queuePolicySchema.optional(),
    /** By priority level, instead of `queuePolicy`. */
    priorityPolicies: z.record(z.string().regex(/^[1-9]\d{0,3}$/), queuePolicySchema).optional(),
  })
  .superRefine((scheduling, context) => {
    for (const [key, message] of problemsOf(scheduling)) {
      context.addIssue({ code: 'custom', path: [key], message })
    }
  })

export type QueuePolicy = z.infer<typeof queuePolicySchema>
export type Scheduling = z.infer<typeof schedulingSchema>

type Levels = {
  readonly preferredBatchRows?: readonly number[] | undefined
  readonly priorityLevels?: number | undefined
  readonly defaultPriorityLevel?: number | undefined
  readonly priorityPolicies?: Readonly<Record<string, unknown>> | undefined
}

/** What is wrong between members, by the member to blame. */
function problemsOf({
  preferredBatchRows = [],
  priorityLevels = 0,
  defaultPriorityLevel = 0,
  priorityPolicies = {},
}: Levels): (readonly [key: string, problem: string])[] {
  const stranger = Object.keys(priorityPolicies).find((each) => Number(each) > priorityLevels)
  const isAscending = preferredBatchRows.every(
    (rows, i) => i === 0 || rows > (preferredBatchRows[i - 1] ?? 0),
  )
  return [
    ...(isAscending ? [] : [['preferredBatchRows', 'expected ascending numbers, each once'] as const]),
    ...(defaultPriorityLevel > priorityLevels
      ? [
          [
            'defaultPriorityLevel',
            `is ${defaultPriorityLevel}, above priorityLevels ${priorityLevels}`,
          ] as const,
        ]
      : []),
    ...(stranger === undefined
      ? []
      : [['priorityPolicies', `has level ${stranger}, above priorityLevels ${priorityLevels}`] as const]),
  ]
}

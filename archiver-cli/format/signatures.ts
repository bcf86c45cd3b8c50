import { z } from 'zod'

/** What a declared signature may be called for. */
export const SIGNATURE_METHODS = ['predict', 'classify', 'regress'] as const

const tensorName = z.string().min(1).max(1024)
/** What clients call a tensor → what the graph calls it. */
const aliases = z
  .record(tensorName, tensorName)
  .refine((map) => Object.keys(map).length > 0, { error: 'expected at least one tensor' })

/**
 * One way to call a model, as TensorFlow Serving's SavedModels declare them.
 *
 * `classify` answers `scores`, `classes` or both; `regress` answers `outputs`; their inputs are named by feature.
 */
export const signatureSchema = z
  .strictObject({
    method: z.enum(SIGNATURE_METHODS).default('predict'),
    inputs: aliases,
    outputs: aliases,
  })
  .superRefine(({ method, outputs }, context) => {
    const allowed = RESULT_NAMES[method]
    const stranger = Object.keys(outputs).find((name) => allowed !== undefined && !allowed.includes(name))
    if (stranger === undefined) return
    const message = `method ${method} has no output '${stranger}'; it answers ${allowed?.join(' and ') ?? ''}`
    context.addIssue({ code: 'custom', path: ['outputs'], message })
  })

export type Signature = z.infer<typeof signatureSchema>

const RESULT_NAMES: Readonly<Record<Signature['method'], readonly string[] | undefined>> = {
  predict: undefined,
  classify: ['classes', 'scores'],
  regress: ['outputs'],
}

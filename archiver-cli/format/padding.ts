import { z } from 'zod'

const sizes = z
  .array(z.int().min(1).max(1_000_000))
  .min(1)
  .max(64)
  .refine((all) => all.every((size, i) => i === 0 || size > (all[i - 1] ?? 0)), {
    error: 'expected ascending numbers, each once',
  })

/**
 * Lets requests share an engine call that differ in the size of variable dimensions, for graphs that are told by a
 * mask what is filled up.
 */
export const paddingSchema = z.strictObject({
  /** Sizes to which a dimension is padded, by the name that the graph gives it; a larger one stays as it is. */
  buckets: z.record(z.string().min(1).max(256), sizes),
  /** What fills up an input, by its name; default 0. */
  values: z.record(z.string(), z.number()).optional(),
})

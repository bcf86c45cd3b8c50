import { z } from 'zod'

/** How classes are called. */
export const labelsShape = {
  labels: z.array(z.string()).min(1).optional(),
  /** A file of the archive: `{"0": "name"}` or `{"0": ["id", "name"]}`. Default index_to_name.json, if it is there. */
  labelsFile: z.string().optional(),
} as const

const labelsSchema = z.object(labelsShape)
export type LabelSettings = Readonly<z.infer<typeof labelsSchema>>

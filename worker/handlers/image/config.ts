import { z } from 'zod'
import { ServingError } from '../../contract/errors.ts'
import { nearest } from '../../contract/nearest.ts'
import type { TensorMetadata } from '../../contract/tensor.ts'
import { formatShape } from '../../contract/tensor.ts'

const side = z.int().min(1).max(16_384)
const perChannel = z.array(z.number()).min(1).max(3)

/** The `handler:` section of a model-config.yaml for `image_classifier`. */
const schema = z.strictObject({
  /** Size that the graph takes; default its own, where it is fixed. */
  width: side.optional(),
  height: side.optional(),
  /** 1 is grey (ITU-R 601 luma, as Pillow's `L`), 3 is RGB; default the graph's own. */
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  /** `stretch` ignores the proportions, `cover` crops what is too much, `contain` adds black bars. */
  resize: z.enum(['stretch', 'cover', 'contain']).default('stretch'),
  /** First resizes the shorter side to this, then crops the centre to width × height; replaces `resize`. */
  shorterSide: side.optional(),
  interpolation: z.enum(['nearest', 'linear', 'cubic', 'lanczos3']).default('linear'),
  /** Dark on light becomes light on dark: 255 − pixel, before anything else. */
  invert: z.boolean().default(false),
  /** Each value is (pixel × scale − mean) ÷ std; pixels are 0 to 255. */
  scale: z.number().default(1 / 255),
  /** One number, or one for each channel. */
  mean: perChannel.default([0]),
  std: z
    .array(z.number().refine((value) => value !== 0, { error: 'must not be 0' }))
    .min(1)
    .max(3)
    .default([1]),
  /** Pixels of the largest image that is decoded; a small file may hold a huge image. */
  maxPixels: z.int().min(1).default(50_000_000),
  /** Turns the graph's outputs into probabilities; off when the graph does so itself. */
  softmax: z.boolean().default(false),
  /** How many labels an answer has. */
  topK: z.int().min(1).default(5),
  labels: z.array(z.string()).min(1).optional(),
  /** A file of the archive: `{"0": "name"}` or `{"0": ["id", "name"]}`. Default index_to_name.json, if it is there. */
  labelsFile: z.string().optional(),
})

export type ImageConfig = Readonly<z.infer<typeof schema>> & {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

/**
 * Reads the configuration, completed by the sizes that the graph's input fixes.
 *
 * @throws ServingError `invalid_argument` naming the key, what is allowed, and the likely spelling.
 */
export function imageConfig(value: unknown, input: TensorMetadata): ImageConfig {
  const result = schema.safeParse(value)
  if (!result.success) throw badConfig(describeIssue(result.error.issues[0]))
  const config = result.data
  if (config.labels !== undefined && config.labelsFile !== undefined) {
    throw badConfig("has both 'labels' and 'labelsFile'")
  }
  const axes =
    config.layout === 'NCHW' ? { channels: 1, height: 2, width: 3 } : { height: 1, width: 2, channels: 3 }
  if (input.shape.length !== 4) {
    throw badConfig(
      `needs a graph whose input has four dimensions; '${input.name}' is ${formatShape(input.shape)}`,
    )
  }
  const size = (key: 'width' | 'height' | 'channels') => agreedSize(key, config[key], input.shape[axes[key]])
  const [width, height, channels] = [size('width'), size('height'), size('channels')]
  if ((config.shorterSide ?? Infinity) < Math.max(width, height)) {
    throw badConfig(
      `has 'shorterSide' ${config.shorterSide}, less than the ${width}x${height} to be cropped from it`,
    )
  }
  if (channels !== 1 && channels !== 3) throw badConfig(`needs a graph with 1 or 3 channels, not ${channels}`)
  for (const key of ['mean', 'std'] as const) {
    const { length } = config[key]
    if (length !== 1 && length !== channels)
      throw badConfig(`has ${length} values for '${key}', not 1 or ${channels}`)
  }
  return { ...config, width, height, channels }
}

function agreedSize(
  key: string,
  configured: number | undefined,
  dimension: number | string | undefined,
): number {
  const fixed = typeof dimension === 'number' && dimension > 0 ? dimension : undefined
  if (configured !== undefined && fixed !== undefined && configured !== fixed) {
    throw badConfig(`has '${key}' ${configured}, but the graph takes ${fixed}`)
  }
  const size = configured ?? fixed
  if (size === undefined) throw badConfig(`needs '${key}': the graph takes any`)
  return size
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const suggestion = nearest(key, Object.keys(schema.shape))
    return `has the unknown key '${key}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`
  }
  return `has a bad value for '${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'unknown'}`
}

function badConfig(problem: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `the configuration of the handler 'image_classifier' ${problem}`,
    {
      reason: 'model_config',
    },
  )
}

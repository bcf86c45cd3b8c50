import { z } from 'zod'

const side = z.int().min(1).max(16_384)
const perChannel = z.array(z.number()).min(1).max(3)

/** How an image becomes the tensor of a graph: shared by every handler that takes images. */
export const imageShape = {
  /** Size that the graph takes; default its own, where it is fixed. */
  width: side.optional(),
  height: side.optional(),
  /** 1 is grey (ITU-R 601 luma, as Pillow's `L`), 3 is RGB; default the graph's own. */
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  /** `stretch` ignores the proportions, `cover` crops what is too much, `contain` adds bars. */
  resize: z.enum(['stretch', 'cover', 'contain']).default('stretch'),
  /** Grey of the bars that `contain` adds; detectors of the YOLO family are trained with 114. */
  bars: z.int().min(0).max(255).default(0),
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
} as const

const imageSchema = z.object(imageShape)
/** The image part of a handler's settings, with defaults. */
export type ImageSettings = Readonly<z.infer<typeof imageSchema>>

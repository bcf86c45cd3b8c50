import { z } from 'zod'
import type { BuiltInHandler } from '../../../worker/contract/built-in-handlers.ts'
import { imageShape } from './image.ts'
import { labelsShape } from './labels.ts'

/** The `handler:` section of a model-config.yaml for `image_classifier`. */
export const imageClassifierSchema = z.strictObject({
  ...imageShape,
  ...labelsShape,
  /** Turns the graph's outputs into probabilities; off when the graph does so itself. */
  softmax: z.boolean().default(false),
  /** How many labels an answer has. */
  topK: z.int().min(1).default(5),
})

/** … for `object_detector`. */
export const objectDetectorSchema = z.strictObject({
  ...imageShape,
  ...labelsShape,
  /**
   * What the graph answers: `boxes`, as torchvision exports it: corners, labels and scores of what was found; or
   * `yolo`: one tensor of candidates. Default: `yolo` for a graph with one output.
   */
  format: z.enum(['boxes', 'yolo']).optional(),
  /** Names of the outputs of `boxes`; default these names, else their order. */
  boxesOutput: z.string().optional(),
  labelsOutput: z.string().optional(),
  scoresOutput: z.string().optional(),
  /** `yolo`: what a candidate's values are along: dimension 1 (`first`, v8 and later) or 2 (`last`, v5). */
  candidates: z.enum(['first', 'last']).default('first'),
  /** `yolo`: whether an objectness stands between the box and the class scores, as in v5. */
  objectness: z.boolean().default(false),
  /** Coordinates are 0 to 1 of the graph's input instead of its pixels. */
  normalized: z.boolean().default(false),
  /** The least score that is answered. */
  scoreThreshold: z.number().min(0).max(1).default(0.5),
  /** `yolo`: two boxes of a class that overlap more (intersection over union) are one. */
  iouThreshold: z.number().min(0).max(1).default(0.45),
  /** The likeliest are answered, at most so many. */
  maxDetections: z.int().min(1).max(10_000).default(100),
})

/** … for `image_segmenter`. */
export const imageSegmenterSchema = z.strictObject({
  ...imageShape,
  ...labelsShape,
  /** Turns the graph's outputs into probabilities; off when the graph does so itself. */
  softmax: z.boolean().default(true),
  /**
   * `pixels`: TorchServe's `[height][width][class, probability]`; `runs`: classes run-length encoded, row by row;
   * `png`: an image whose grey is the class.
   */
  answer: z.enum(['pixels', 'runs', 'png']).default('pixels'),
})

/** … for `text_classifier`. */
export const textClassifierSchema = z.strictObject({
  ...labelsShape,
  /** The tokenizer, a file of the archive. */
  tokenizerFile: z.string().default('tokenizer.json'),
  /** Tokens of the longest text, special ones included; the graph's own limit if it is lower. */
  maxTokens: z.int().min(1).max(1_000_000).default(512),
  /** What happens to a longer text: its end is cut off, or it is refused. */
  truncation: z.enum(['end', 'refuse']).default('end'),
  /** Characters of the longest text that is tokenized at all. */
  maxCharacters: z.int().min(1).default(100_000),
  /** Texts of one request; each is padded to the longest of them. */
  maxTexts: z.int().min(1).max(65_536).default(1000),
  /** Texts are padded to a multiple of it, so that those of similar length share a run. */
  padToMultipleOf: z.int().min(1).max(4096).default(16),
  /** Token that fills up; default the tokenizer's own, `[PAD]` or `<pad>`. */
  padToken: z.string().optional(),
  /** `softmax`: one label of many; `sigmoid`: each label for itself; `none`: the graph answers probabilities. */
  activation: z.enum(['softmax', 'sigmoid', 'none']).default('softmax'),
  /** How many labels an answer has. */
  topK: z.int().min(1).default(5),
})

/** The settings of each built-in handler. */
export const HANDLER_SETTINGS = {
  tensor: z.strictObject({}),
  image_classifier: imageClassifierSchema,
  object_detector: objectDetectorSchema,
  image_segmenter: imageSegmenterSchema,
  text_classifier: textClassifierSchema,
} as const satisfies Readonly<Record<BuiltInHandler, z.ZodObject>>

export type HandlerSettings<H extends BuiltInHandler> = Readonly<z.infer<(typeof HANDLER_SETTINGS)[H]>>

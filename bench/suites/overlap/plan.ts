import type { ResNetShape } from '../../models/resnet.ts'

export type Plan = {
  readonly batchRows: number
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
}

/** Of each side of the images. */
export const IMAGE_PIXELS = 512

/** A batch of eight takes one core as long as two need to decode its images, or a little longer. */
export const CORE_SHAPE: ResNetShape = { blocks: [1, 1, 1, 1], width: 32, imageSize: 128, classes: 10 }
/** A software driver takes some ten milliseconds for an image even of this. */
export const DRIVER_SHAPE: ResNetShape = { blocks: [1, 1, 1, 1], width: 4, imageSize: 32, classes: 10 }

export const FULL_PLAN: Plan = { batchRows: 8, repeats: 5, warmUpMs: 2000, measureMs: 8000 }
export const QUICK_PLAN: Plan = { batchRows: 8, repeats: 4, warmUpMs: 300, measureMs: 1000 }

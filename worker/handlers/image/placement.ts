import type { ImageConfig } from './config.ts'

/** Where an image lies in the graph's input: a point of the image times the scale, plus the offset. */
export type Placement = {
  readonly scaleX: number
  readonly scaleY: number
  readonly offsetX: number
  readonly offsetY: number
  /** Of the image as it was sent, upright. */
  readonly width: number
  readonly height: number
}

type Size = { readonly width: number; readonly height: number }

/** Follows what decoding does with an image of that size: stretch, bars, or a crop of the centre. */
export function placementOf(config: ImageConfig, image: Size): Placement {
  const scaleX = config.width / image.width
  const scaleY = config.height / image.height
  if (config.shorterSide !== undefined) {
    return centred(config, image, config.shorterSide / Math.min(image.width, image.height))
  }
  switch (config.resize) {
    case 'stretch':
      return { scaleX, scaleY, offsetX: 0, offsetY: 0, ...sizeOf(image) }
    case 'contain':
      return centred(config, image, Math.min(scaleX, scaleY))
    case 'cover':
      return centred(config, image, Math.max(scaleX, scaleY))
  }
}

/** Scaled alike in both directions, then in the middle, with bars or beyond the edges. */
function centred(config: Size, image: Size, scale: number): Placement {
  const width = Math.max(1, Math.round(image.width * scale))
  const height = Math.max(1, Math.round(image.height * scale))
  return {
    scaleX: width / image.width,
    scaleY: height / image.height,
    offsetX: Math.trunc((config.width - width) / 2),
    offsetY: Math.trunc((config.height - height) / 2),
    ...sizeOf(image),
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height }
}

/** Corners `[x1, y1, x2, y2]` in the graph's input as corners in the image, kept within it. */
export function boxInImage(
  placement: Placement,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
): [number, number, number, number] {
  const { scaleX, scaleY, offsetX, offsetY, width, height } = placement
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value))
  return [
    within((x1 - offsetX) / scaleX, width),
    within((y1 - offsetY) / scaleY, height),
    within((x2 - offsetX) / scaleX, width),
    within((y2 - offsetY) / scaleY, height),
  ]
}

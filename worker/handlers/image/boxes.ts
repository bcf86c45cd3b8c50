/** Corners in pixels of the graph's input. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]

/** Something that a graph has found. */
export type Detection = { readonly box: Box; readonly kind: number; readonly score: number }

/** Of two boxes: what they share, of what they cover together. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const shared = width * height
  const together = area(a) + area(b) - shared
  return together > 0 ? shared / together : 0
}

function area([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1)
}

export type SuppressionLimits = { readonly iouThreshold: number; readonly maxDetections: number }

/** Of boxes that find the same thing, keeps the likeliest: greedy non-maximum suppression, class by class. */
export function suppressed(found: readonly Detection[], limits: SuppressionLimits): Detection[] {
  const kept: Detection[] = []
  for (const candidate of byScore(found)) {
    if (kept.length === limits.maxDetections) break
    const isKnown = kept.some(
      ({ box, kind }) =>
        kind === candidate.kind && intersectionOverUnion(box, candidate.box) > limits.iouThreshold,
    )
    if (!isKnown) kept.push(candidate)
  }
  return kept
}

/** The likeliest first; equal scores keep their order. */
export function byScore(found: readonly Detection[]): Detection[] {
  return [...found].sort((a, b) => b.score - a.score)
}

/** Class indexes of the `count` highest scores, highest first; equal scores keep the order of the classes. */
export function topIndexes(scores: ArrayLike<number>, count: number): number[] {
  const indexes = Array.from({ length: scores.length }, (_, index) => index)
  indexes.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  return indexes.slice(0, count)
}

/** Probabilities from logits; subtracting the largest keeps the powers finite. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const largest = values.reduce((max, each) => Math.max(max, each), -Infinity)
  const powers = values.map((value) => Math.exp(value - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** Each score for itself, as a probability. */
export function sigmoid(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (value) => 1 / (1 + Math.exp(-value)))
}

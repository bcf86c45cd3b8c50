import type { BertShape } from '../../../bench/models/bert.ts'
import type { WeightReader } from './weight-reader.ts'

/*
 * BERT's encoder in plain loops and double precision, written from the paper (arXiv 1810.04805) and not from the
 * graph: what the graph's answer is compared with. One text at a time.
 */

/** One vector per token. */
type Vectors = readonly (readonly number[])[]

export type Text = { readonly ids: readonly number[]; readonly mask: readonly number[] }

export function bertLogits({ ids, mask }: Text, shape: BertShape, weights: WeightReader): number[] {
  const named = (name: string) => weights(name)
  let hidden = embedded(ids, shape.hidden, named)
  for (let layer = 1; layer <= shape.layers; layer++) {
    const name = `layer${layer}`
    const attended = attention(hidden, { mask, heads: shape.heads, name }, named)
    hidden = normalised(added(hidden, attended), `${name}.attention`, named)
    const inner = linear(hidden, `${name}.inner`, named).map((vector) => vector.map(gelu))
    hidden = normalised(added(hidden, linear(inner, `${name}.outer`, named)), `${name}.output`, named)
  }
  const pooled = linear(hidden.slice(0, 1), 'pooler', named).map((vector) => vector.map(Math.tanh))
  return [...(linear(pooled, 'classifier', named)[0] ?? [])]
}

function embedded(ids: readonly number[], hidden: number, weights: WeightReader): Vectors {
  const row = (table: string, index: number) =>
    Array.from(weights(`embeddings.${table}`).subarray(index * hidden, (index + 1) * hidden))
  const sums = ids.map((id, place) => sum(sum(row('word', id), row('position', place)), row('segment', 0)))
  return normalised(sums, 'embeddings', weights)
}

type Attention = { readonly mask: readonly number[]; readonly heads: number; readonly name: string }

function attention(hidden: Vectors, { mask, heads, name }: Attention, weights: WeightReader): Vectors {
  const [queries, keys, values] = ['query', 'key', 'value'].map((kind) =>
    linear(hidden, `${name}.${kind}`, weights),
  ) as [Vectors, Vectors, Vectors] // one for each of the three
  const size = (hidden[0]?.length ?? 0) / heads
  const slice = (vector: readonly number[], head: number) => vector.slice(head * size, (head + 1) * size)
  const mixed = queries.map((query) =>
    Array.from({ length: heads }, (_, head) => {
      const scores = keys.map((key, token) =>
        mask[token] === 1 ? dot(slice(query, head), slice(key, head)) / Math.sqrt(size) : -Infinity,
      )
      const shares = softmax(scores)
      return values
        .map((value, token) => slice(value, head).map((each) => each * at(shares, token)))
        .reduce(sum)
    }).flat(),
  )
  return linear(mixed, `${name}.mixed`, weights)
}

function linear(vectors: Vectors, name: string, weights: WeightReader): Vectors {
  const [weight, bias] = [weights(`${name}.weight`), weights(`${name}.bias`)]
  const out = bias.length
  return vectors.map((vector) =>
    Array.from(bias, (start, column) =>
      vector.reduce((total, value, row) => total + value * at(weight, row * out + column), start),
    ),
  )
}

function normalised(vectors: Vectors, name: string, weights: WeightReader): Vectors {
  const [scale, shift] = [weights(`${name}.scale`), weights(`${name}.shift`)]
  return vectors.map((vector) => {
    const mean = average(vector)
    const deviation = Math.sqrt(average(vector.map((value) => (value - mean) ** 2)))
    return vector.map((value, index) => ((value - mean) / deviation) * at(scale, index) + at(shift, index))
  })
}

function gelu(value: number): number {
  return (value * (1 + erf(value / Math.SQRT2))) / 2
}

/** The Maclaurin series; the arguments here are small. */
function erf(value: number): number {
  let term = value
  let total = value
  for (let n = 1; n < 100; n++) {
    term *= -(value * value) / n
    total += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - largest))
  const total = powers.reduce((all, power) => all + power, 0)
  return powers.map((power) => power / total)
}

const added = (left: Vectors, right: Vectors): Vectors =>
  left.map((vector, index) => sum(vector, right[index] ?? []))
const sum = (left: readonly number[], right: readonly number[]): number[] =>
  left.map((value, index) => value + at(right, index))
const dot = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((total, value, index) => total + value * at(right, index), 0)
const average = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? NaN
}

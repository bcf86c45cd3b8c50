import { GraphBuilder, type ModelPlan, type Precision } from './graph-builder.ts'

/** The sizes that make an encoder of BERT's architecture. */
export type BertShape = {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly feedForward: number
  readonly vocabulary: number
  readonly positions: number
  readonly classes: number
}

/** @see Devlin et al. 2018, arXiv 1810.04805, and the published uncased vocabulary */
export const BERT_BASE: BertShape = {
  layers: 12,
  hidden: 768,
  heads: 12,
  feedForward: 3072,
  vocabulary: 30_522,
  positions: 512,
  classes: 2,
}

/**
 * A table of 30 522 words is a fifth of the file and none of the time: a run reads one row of it per token. So the
 * benchmark's model knows fewer words.
 */
export const BERT_BASE_FEW_WORDS: BertShape = { ...BERT_BASE, vocabulary: 1024 }

export type BertOptions = { readonly shape?: BertShape; readonly precision?: Precision }

const SEGMENTS = 2
/** Of the published models. */
const WEIGHT_DEVIATION = 0.02
/** A uniform distribution of this half width has a standard deviation of 1. */
const UNIT_SPREAD = Math.sqrt(3)
const WEIGHT_SPREAD = WEIGHT_DEVIATION * UNIT_SPREAD
const EPSILON = 1e-12
/** What is added to the score of a token that the mask leaves out; fits half precision. */
const MASKED_SCORE = -10_000

/**
 * BERT for classification: inputs `input_ids` and `attention_mask` INT64 `[batch, sequence]`, output `logits` FP32
 * `[batch, classes]`. All tokens are of the first segment. Layer normalisation comes after each sum, GELU is exact.
 */
export function bert(options: BertOptions = {}): ModelPlan {
  const { shape = BERT_BASE_FEW_WORDS, precision = 'FP32' } = options
  const graph = new GraphBuilder(precision)
  const mask = maskedScores(graph)
  let hidden = embeddings(graph, shape)
  for (let layer = 1; layer <= shape.layers; layer++) {
    const name = `layer${layer}`
    const attended = attention(graph, { hidden, mask, name, shape })
    hidden = residual(graph, hidden, { name: `${name}.attention`, sum: attended, hidden: shape.hidden })
    const fed = feedForward(graph, { hidden, name, shape })
    hidden = residual(graph, hidden, { name: `${name}.output`, sum: fed, hidden: shape.hidden })
  }
  graph.finish(classify(graph, hidden, shape), 'logits')
  const tokens = ['batch', 'sequence']
  return graph.plan(
    [
      { name: 'input_ids', dtype: 'INT64', shape: tokens },
      { name: 'attention_mask', dtype: 'INT64', shape: tokens },
    ],
    [{ name: 'logits', dtype: 'FP32', shape: ['batch', shape.classes] }],
  )
}

/** `[batch, 1, 1, sequence]`: 0 where there is a token, {@link MASKED_SCORE} where there is none. */
function maskedScores(graph: GraphBuilder): string {
  const mask = graph.cast(graph.apply('Unsqueeze', ['attention_mask', graph.integers(1, 2)]), 'other')
  const absent = graph.apply('Sub', [graph.floats([], 1), mask])
  return graph.apply('Mul', [absent, graph.floats([], MASKED_SCORE)])
}

function embeddings(graph: GraphBuilder, { vocabulary, positions, hidden }: BertShape): string {
  const table = (name: string, size: number) =>
    graph.weight(`embeddings.${name}`, [size, hidden], WEIGHT_SPREAD)
  const words = graph.apply('Gather', [table('word', vocabulary), 'input_ids'])
  const length = graph.apply('Shape', ['input_ids'], { start: { int: 1 }, end: { int: 2 } })
  const places = graph.apply('Slice', [
    table('position', positions),
    graph.integers(0),
    length,
    graph.integers(0),
  ])
  const segment = graph.apply('Gather', [table('segment', SEGMENTS), graph.integers(0)])
  const sum = graph.apply('Add', [graph.apply('Add', [words, places]), segment])
  return normalise(graph, sum, { name: 'embeddings', hidden })
}

type Part = {
  readonly hidden: string
  readonly name: string
  readonly shape: BertShape
}

function attention(
  graph: GraphBuilder,
  { hidden, mask, name, shape }: Part & { readonly mask: string },
): string {
  const { heads } = shape
  const size = shape.hidden / heads
  const headsOf = (kind: string, order: readonly number[]) => {
    const all = linear(graph, hidden, { name: `${name}.${kind}`, in: shape.hidden, out: shape.hidden })
    // A zero keeps the size that is there.
    const split = graph.apply('Reshape', [all, graph.integers(0, 0, heads, size)])
    return graph.apply('Transpose', [split], { perm: { ints: order } })
  }
  const products = graph.apply('MatMul', [headsOf('query', [0, 2, 1, 3]), headsOf('key', [0, 2, 3, 1])])
  const scaled = graph.apply('Mul', [products, graph.floats([], 1 / Math.sqrt(size))])
  const shares = graph.apply('Softmax', [graph.apply('Add', [scaled, mask])], { axis: { int: -1 } })
  const mixed = graph.apply('MatMul', [shares, headsOf('value', [0, 2, 1, 3])])
  const joined = graph.apply('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } })
  const flat = graph.apply('Reshape', [joined, graph.integers(0, 0, shape.hidden)])
  return linear(graph, flat, { name: `${name}.mixed`, in: shape.hidden, out: shape.hidden })
}

function feedForward(graph: GraphBuilder, { hidden, name, shape }: Part): string {
  const inner = linear(graph, hidden, { name: `${name}.inner`, in: shape.hidden, out: shape.feedForward })
  const outer = { name: `${name}.outer`, in: shape.feedForward, out: shape.hidden }
  return linear(graph, graph.apply('Gelu', [inner]), outer)
}

/** Of the first token, as the published models pool. */
function classify(graph: GraphBuilder, hidden: string, { hidden: size, classes }: BertShape): string {
  const first = graph.apply('Squeeze', [
    graph.apply('Gather', [hidden, graph.integers(0)], { axis: { int: 1 } }),
    graph.integers(1),
  ])
  const pooled = graph.apply('Tanh', [linear(graph, first, { name: 'pooler', in: size, out: size })])
  return linear(graph, pooled, { name: 'classifier', in: size, out: classes })
}

type Linear = { readonly name: string; readonly in: number; readonly out: number }

function linear(graph: GraphBuilder, value: string, { name, ...sizes }: Linear): string {
  const weight = graph.weight(`${name}.weight`, [sizes.in, sizes.out], WEIGHT_SPREAD)
  const bias = graph.weight(`${name}.bias`, [sizes.out], WEIGHT_SPREAD)
  return graph.apply('Add', [graph.apply('MatMul', [value, weight]), bias])
}

type Residual = { readonly name: string; readonly sum: string; readonly hidden: number }

function residual(graph: GraphBuilder, value: string, { name, sum, hidden }: Residual): string {
  return normalise(graph, graph.apply('Add', [value, sum]), { name, hidden })
}

function normalise(graph: GraphBuilder, value: string, { name, hidden }: Omit<Residual, 'sum'>): string {
  const scale = graph.scale(`${name}.scale`, hidden)
  const shift = graph.weight(`${name}.shift`, [hidden], WEIGHT_SPREAD)
  return graph.apply('LayerNormalization', [value, scale, shift], {
    axis: { int: -1 },
    epsilon: { float: EPSILON },
  })
}

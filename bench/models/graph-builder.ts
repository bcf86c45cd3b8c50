import type { Attribute, Node, ValueInfo } from '../../test/support/onnx-builder.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import type { Weight } from './weights.ts'

/** Of the weights and of the arithmetic; inputs and outputs keep their own types. */
export type Precision = 'FP32' | 'FP16'

/** A model that has not been written yet. */
export type ModelPlan = {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly nodes: readonly Node[]
  /** Shapes, axes and the like: part of the graph, no parameters. */
  readonly constants: readonly Tensor[]
  readonly weights: readonly Weight[]
  readonly precision: Precision
}

type Attributes = Readonly<Record<string, Attribute>>

/** Collects a graph node by node. Values go by the names that its methods return. */
export class GraphBuilder {
  readonly precision: Precision
  readonly #nodes: Node[] = []
  readonly #constants: Tensor[] = []
  readonly #weights: Weight[] = []

  constructor(precision: Precision) {
    this.precision = precision
  }

  /** Adds a node of one output. */
  apply(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = `${op}_${this.#nodes.length}`
    this.#nodes.push({ op, inputs, outputs: [output], attributes })
    return output
  }

  weight(name: string, shape: readonly number[], spread: number): string {
    this.#weights.push({ name, shape, spread, centre: 0 })
    return name
  }

  /** A factor per channel, near 1. */
  scale(name: string, size: number): string {
    this.#weights.push({ name, shape: [size], spread: 0.1, centre: 1 })
    return name
  }

  /** A one-dimensional tensor of shapes, axes or indices. */
  integers(...values: readonly number[]): string {
    return this.#constant({
      dtype: 'INT64',
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    })
  }

  /** A constant in the precision of the graph. */
  floats(shape: readonly number[], ...values: readonly number[]): string {
    return this.cast(this.#constant({ dtype: 'FP32', shape, data: Float32Array.from(values) }))
  }

  /** To the precision of the graph; a cast from FP32 to FP32 is left out. */
  cast(value: string, from: 'FP32' | 'other' = 'FP32'): string {
    if (this.precision === 'FP32' && from === 'FP32') return value
    return this.apply('Cast', [value], { to: { int: CAST_TO[this.precision] } })
  }

  /** Ends the graph with an FP32 output of this name. */
  finish(value: string, name: string): void {
    const attributes = { to: { int: CAST_TO.FP32 } }
    if (this.precision === 'FP32') this.#nodes.push({ op: 'Identity', inputs: [value], outputs: [name] })
    else this.#nodes.push({ op: 'Cast', inputs: [value], outputs: [name], attributes })
  }

  plan(inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): ModelPlan {
    const { precision } = this
    return {
      inputs,
      outputs,
      nodes: this.#nodes,
      constants: this.#constants,
      weights: this.#weights,
      precision,
    }
  }

  #constant(
    tensor: Omit<Tensor & { dtype: 'INT64' }, 'name'> | Omit<Tensor & { dtype: 'FP32' }, 'name'>,
  ): string {
    const name = `constant_${this.#constants.length}`
    this.#constants.push({ name, ...tensor })
    return name
  }
}

/** The numbers of `TensorProto.DataType`. */
const CAST_TO: Readonly<Record<Precision, number>> = { FP32: 1, FP16: 10 }

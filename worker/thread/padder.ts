import { ServingError } from '../contract/errors.ts'
import { keepsRows } from '../contract/keeps-rows.ts'
import { fillOf, paddedShape, reshaped, type Padding } from '../contract/padding.ts'
import { formatShape, type Tensor, type TensorMetadata } from '../contract/tensor.ts'

type Tensors = readonly Tensor[]

/** Feeds as the engine gets them, and what of their dimensions was padded. */
export type PaddedFeeds = {
  readonly feeds: Tensors
  /** The sizes before, by the name of the dimension; empty when nothing was padded. */
  readonly sizes: ReadonlyMap<string, number>
}

type Signature = { readonly inputs: readonly TensorMetadata[]; readonly outputs: readonly TensorMetadata[] }

/** Pads feeds to the sizes of their bucket, and cuts what the padding has made of the outputs. */
export class Padder {
  readonly #padding: Padding
  readonly #signature: Signature

  /** @throws ServingError `invalid_argument` when the graph does not say how its outputs follow the padded inputs */
  constructor(padding: Padding, signature: Signature) {
    checkPadding(padding, signature)
    this.#padding = padding
    this.#signature = signature
  }

  /** @param feeds in the order of the inputs */
  pad(feeds: Tensors): PaddedFeeds {
    const sizes = new Map<string, number>()
    const padded = feeds.map((tensor, index) => {
      const input = this.#signature.inputs[index]
      if (input === undefined) return tensor
      const shape = paddedShape(tensor.shape, input, this.#padding)
      for (const [axis, symbol] of input.shape.entries()) {
        const size = tensor.shape[axis]
        if (typeof symbol === 'string' && size !== undefined && size !== shape[axis]) sizes.set(symbol, size)
      }
      return reshaped(tensor, shape, this.#padding.values?.[input.name])
    })
    return { feeds: padded, sizes }
  }

  crop(outputs: Tensors, { sizes }: PaddedFeeds): Tensors {
    if (sizes.size === 0) return outputs
    return outputs.map((tensor) => {
      const declared = this.#signature.outputs.find(({ name }) => name === tensor.name)?.shape ?? []
      const shape = tensor.shape.map((size, axis) => sizes.get(String(declared[axis])) ?? size)
      return reshaped(tensor, shape)
    })
  }
}

function checkPadding({ buckets, values = {} }: Padding, { inputs, outputs }: Signature): void {
  if (!keepsRows(inputs, outputs)) {
    throw unsuitable(
      'dimension 0 of its inputs and outputs is not the rows, so that its requests never share a run',
    )
  }
  const behindRows = inputs.flatMap(({ shape }) => shape.slice(1))
  const symbols = new Set(behindRows.filter((each): each is string => typeof each === 'string'))
  const unknown = Object.keys(buckets).find((symbol) => !symbols.has(symbol))
  if (unknown !== undefined) {
    const known = symbols.size === 0 ? 'none has a name' : `they are: ${[...symbols].join(', ')}`
    throw unsuitable(`'${unknown}' is no variable dimension of its inputs; ${known}`)
  }
  const stranger = Object.keys(values).find((name) => !inputs.some((input) => input.name === name))
  if (stranger !== undefined) {
    const names = inputs.map(({ name }) => `'${name}'`).join(', ')
    throw unsuitable(`'${stranger}', for which there is a value, is no input; its inputs are ${names}`)
  }
  for (const input of inputs) checkValue(input, values[input.name])
  for (const output of outputs) checkOutput(output, symbols)
}

function checkValue({ name, dtype }: TensorMetadata, value: number | undefined): void {
  if (value === undefined || fillOf(dtype, value) !== undefined) return
  throw unsuitable(`input '${name}' is ${dtype}, which cannot hold the value ${value} that is to fill it up`)
}

/** A size that the graph does not name may follow a padded one in a way that nobody could undo. */
function checkOutput({ name, shape }: TensorMetadata, symbols: ReadonlySet<string>): void {
  const isClear = shape
    .slice(1)
    .every((dimension) => (typeof dimension === 'number' ? dimension !== -1 : symbols.has(dimension)))
  if (isClear) return
  throw unsuitable(
    `output '${name}' has shape ${formatShape(shape)}, of which a variable dimension is no input's: what padding adds to it cannot be cut off`,
  )
}

function unsuitable(problem: string): ServingError {
  return new ServingError('invalid_argument', `the model's 'padding' does not suit its graph: ${problem}`, {
    reason: 'model_config',
  })
}

import { DATA_TYPES, isDataType } from '../contract/data-type.ts'

const MAX_TENSORS = 1024
const EXPECTED = "{ inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }, …], outputs: […] }"

/** What is wrong with a handler's declaration of its tensors, as the rest of a sentence; undefined for nothing. */
export function signatureProblem(signature: unknown): string | undefined {
  if (signature === undefined) return undefined
  if (typeof signature !== 'object' || signature === null) {
    return `that is a ${signature === null ? 'null' : typeof signature}, expected is ${EXPECTED}`
  }
  const { inputs, outputs } = signature as Readonly<Record<string, unknown>> // looked at below
  return sideProblem('inputs', inputs) ?? sideProblem('outputs', outputs)
}

function sideProblem(side: 'inputs' | 'outputs', tensors: unknown): string | undefined {
  if (!Array.isArray(tensors) || tensors.length === 0 || tensors.length > MAX_TENSORS) {
    return `without a list of 1 to ${MAX_TENSORS} ${side}, expected is ${EXPECTED}`
  }
  const names = new Set<unknown>()
  for (const [index, tensor] of (tensors as readonly unknown[]).entries()) {
    const problem = tensorProblem(tensor, side)
    if (problem !== undefined) return `whose ${side}[${index}] ${problem}`
    const { name } = tensor as { readonly name: string } // tensorProblem has looked at it
    if (names.has(name)) return `that names '${name}' twice among its ${side}`
    names.add(name)
  }
  return undefined
}

function tensorProblem(tensor: unknown, side: 'inputs' | 'outputs'): string | undefined {
  if (typeof tensor !== 'object' || tensor === null) return 'is no object with name, dtype and shape'
  const { name, dtype, shape, optional } = tensor as Readonly<Record<string, unknown>> // looked at below
  if (typeof name !== 'string' || name === '') return 'has no text as its name'
  if (!isDataType(dtype))
    return `has dtype ${JSON.stringify(dtype)}, expected is one of ${DATA_TYPES.join(', ')}`
  if (!Array.isArray(shape) || !shape.every(isDimension)) {
    return 'has a shape that is no list of sizes, of names of variable dimensions, or of -1 for those without one'
  }
  if (optional === undefined || (typeof optional === 'boolean' && side === 'inputs')) return undefined
  return `has an 'optional' of ${JSON.stringify(optional)}; inputs may have true or false there`
}

function isDimension(dimension: unknown): boolean {
  if (typeof dimension === 'string') return dimension !== ''
  return Number.isSafeInteger(dimension) && Number(dimension) >= -1
}

import { ServingError } from './errors.ts'
import { rowCount } from './tensor-batch.ts'
import type { Tensor } from './tensor.ts'

export type RowRules = {
  /** Whether dimension 0 of the model's tensors is the rows. */
  readonly hasRows: boolean
  /** Absent: any number. */
  readonly maxRequestRows?: number | undefined
}

/**
 * The rows of one request; 1 for a model without rows, however large its dimension 0 is.
 *
 * @throws ServingError `invalid_argument` when the inputs disagree, or are too many rows.
 */
export function requestRows(tensors: readonly Tensor[], { hasRows, maxRequestRows }: RowRules): number {
  if (!hasRows) return 1
  const rows = rowCount(tensors)
  if (rows === undefined) throw differentRows(tensors)
  if (maxRequestRows !== undefined && rows > maxRequestRows) throw tooManyRows(rows, maxRequestRows)
  return rows
}

export function differentRows(tensors: readonly Tensor[]): ServingError {
  const rows = tensors.map(({ name, shape }) => `'${name}' has ${shape[0] ?? 'none'}`).join(', ')
  return badRows(`the inputs must have the same number of rows, their first dimension: ${rows}`)
}

function tooManyRows(rows: number, maxRequestRows: number): ServingError {
  return badRows(
    `the request has ${rows} rows, the model takes at most ${maxRequestRows} in one (its maxRequestRows); send them in several requests`,
  )
}

function badRows(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'input' })
}

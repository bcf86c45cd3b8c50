import assert from 'node:assert/strict'
import { keepsRows } from '../../../worker/contract/keeps-rows.ts'

describe('keepsRows', () => {
  const of = (...shapes: (number | string)[][]) =>
    shapes.map((shape) => ({ name: 'x', dtype: 'FP32' as const, shape }))
  const CASES = [
    { it: 'holds for a symbolic dimension 0', inputs: of(['batch', 4]), outputs: of(['batch']), holds: true },
    { it: 'holds for an unnamed dimension 0', inputs: of([-1]), outputs: of([-1, 3]), holds: true },
    { it: 'fails for a fixed input', inputs: of([1, 4]), outputs: of(['batch']), holds: false },
    { it: 'fails for a fixed output', inputs: of(['batch']), outputs: of([1]), holds: false },
    { it: 'fails for a scalar or undeclared output', inputs: of(['batch']), outputs: of([]), holds: false },
    {
      it: 'fails when one of several inputs is fixed',
      inputs: of(['b'], [2]),
      outputs: of(['b']),
      holds: false,
    },
    {
      it: 'holds for names that an exporter made up',
      inputs: of(['unk__1'], ['unk__2']),
      outputs: of(['y_dim_0']),
      holds: true,
    },
    {
      it: 'holds for an unnamed one beside a named one',
      inputs: of(['b', 2], [-1]),
      outputs: of(['b']),
      holds: true,
    },
    { it: 'holds for other names of outputs', inputs: of(['b']), outputs: of(['rows']), holds: true },
    {
      it: 'fails for a table and indexes into it',
      inputs: of(['n', 2], ['m']),
      outputs: of(['m', 2]),
      holds: false,
    },
    {
      it: 'fails for a product of matrices',
      inputs: of(['n', 'k'], ['k', 'm']),
      outputs: of(['n', 'm']),
      holds: false,
    },
    {
      it: 'fails for every row with every other',
      inputs: of(['b', 3]),
      outputs: of(['b', 'b']),
      holds: false,
    },
    { it: 'fails without inputs', inputs: [], outputs: of(['b']), holds: false },
  ]
  for (const each of CASES) it(each.it, () => assert.equal(keepsRows(each.inputs, each.outputs), each.holds))
})

import assert from 'node:assert/strict'
import { nextState, VERSION_STATES } from '../../../frontend/core/version-state.ts'

/** One row per state, one column per next state, both in the order of `VERSION_STATES`: `+` is legal. */
const LEGAL = `
new       . + . + . . +
loading   . . + + . . +
ready     + . . + . . +
draining  . . . . + . +
unloading . . . . . + +
unloaded  . . . . . . .
failed    + + . + . . .
`

const ROWS = LEGAL.trim()
  .split('\n')
  .map((line) => line.split(/\s+/).slice(1))

const PAIRS = VERSION_STATES.flatMap((from, row) =>
  VERSION_STATES.map((to, column) => ({ from, to, mark: ROWS[row]?.[column] })),
)

describe('nextState', () => {
  for (const { from, to } of PAIRS.filter(({ mark }) => mark === '+')) {
    it(`goes from '${from}' to '${to}'`, () => assert.equal(nextState(from, to), to))
  }

  for (const { from, to } of PAIRS.filter(({ mark }) => mark === '.')) {
    it(`refuses to go from '${from}' to '${to}'`, () => {
      assert.throws(() => nextState(from, to), {
        code: 'internal',
        message: `a version cannot go from '${from}' to '${to}'`,
      })
    })
  }

  it('knows each of the 49 pairs', () => {
    assert.equal(PAIRS.filter(({ mark }) => mark === '+' || mark === '.').length, 49)
  })
})

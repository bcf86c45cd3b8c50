import assert from 'node:assert/strict'

/** The tolerance is relative to the largest of the expected values. */
export function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  const error = Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN))))
  assert.ok(error <= tolerance * largest, `off by ${error}, of values up to ${largest}`)
}

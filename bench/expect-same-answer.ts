import type { Contender, Pair } from './contenders/contender.ts'

const TOLERANCE = 1e-4

/** A fast wrong answer is not a result. */
export async function expectSameAnswer({ onnxserve, bare }: Pair<Contender>, body: string): Promise<void> {
  const expected = await answerOf(bare, body)
  const actual = await answerOf(onnxserve, body)
  const isSame =
    actual.length === expected.length &&
    actual.every((value, index) => Math.abs(value - (expected[index] ?? NaN)) < TOLERANCE)
  if (!isSame)
    throw new Error(`the server answers ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
}

async function answerOf({ port, path }: Contender, body: string): Promise<number[]> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
  const { y } = JSON.parse(text) as { y?: number[][] } // compared by value above, whatever it is
  return y?.[0] ?? []
}

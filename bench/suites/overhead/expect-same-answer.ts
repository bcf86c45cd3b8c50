import type { Contender } from '../../contenders/contender.ts'
import type { LoadRequest } from '../../load/job.ts'
import type { Subject } from '../../measure.ts'

/** JSON bodies carry four digits of each input. */
const TOLERANCE = 1e-3
const HEAD_LENGTH = 'inference-header-content-length'

/** A fast wrong answer is not a result. */
export async function expectSameAnswer(subject: Subject, reference: Subject): Promise<void> {
  const expected = await firstAnswerOf(reference)
  const actual = await firstAnswerOf(subject)
  const isSame =
    actual.length === expected.length &&
    actual.every((value, index) => Math.abs(value - (expected[index] ?? NaN)) < TOLERANCE)
  if (!isSame)
    throw new Error(`the server answers ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
}

async function firstAnswerOf({ contender, requests }: Subject): Promise<number[]> {
  const [first] = requests
  return first === undefined ? [] : answerOf(contender, first)
}

async function answerOf(
  { port }: Contender,
  { path, headers = {}, body = '' }: LoadRequest,
): Promise<number[]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${bytes.toString()}`)
  const headBytes = response.headers.get(HEAD_LENGTH)
  return headBytes === null ? rowOfJson(bytes.toString()) : floatsOf(bytes.subarray(Number(headBytes)))
}

function rowOfJson(text: string): number[] {
  const { y } = JSON.parse(text) as { y?: number[][] } // compared by value above, whatever it is
  return y?.[0] ?? []
}

function floatsOf(bytes: Buffer): number[] {
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => bytes.readFloatLE(4 * index))
}

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const read = (path: string) => readFileSync(EXAMPLES + path, 'utf8')

type Accuracy = { readonly heldOutRows: number; readonly accuracy: number }

describe('examples', () => {
  for (const { name, noun } of [
    { name: 'digits', noun: 'images' },
    { name: 'iris', noun: 'flowers' },
    { name: 'tickets', noun: 'letters' },
  ]) {
    it(`${name} states the accuracy that its training measured`, () => {
      const { accuracy, heldOutRows } = JSON.parse(read(`${name}/accuracy.json`)) as Accuracy
      const claim = `${(accuracy * 100).toFixed(2)} % of ${heldOutRows} ${noun}`
      assert.ok(read(`${name}/README.md`).replaceAll('\n', ' ').includes(claim), claim)
    })
  }

  it('shapes states what its training measured', () => {
    const { heldOutImages, completelyDetected, pixelAccuracy } = JSON.parse(read('shapes/accuracy.json')) as {
      heldOutImages: number
      completelyDetected: number
      pixelAccuracy: number
    }
    const text = read('shapes/README.md').replaceAll('\n', ' ')
    const detected = `${(completelyDetected * 100).toFixed(1)} % of ${heldOutImages} images`
    for (const claim of [detected, `${(pixelAccuracy * 100).toFixed(2)} % of their pixels`]) {
      assert.ok(text.includes(claim), claim)
    }
  })

  it('digits is right about at least 97 % of what it has not seen', () => {
    const { accuracy } = JSON.parse(read('digits/accuracy.json')) as Accuracy
    assert.ok(accuracy >= 0.97)
  })

  it('digits has a sample of each digit, named by it', () => {
    const labels = new Set(readdirSync(`${EXAMPLES}digits/samples`).map((file) => file[0]))
    assert.deepEqual([...labels].sort(), [...'0123456789'])
  })

  it('iris shows in its README the request and the answer of its files', () => {
    const blocks = [...read('iris/README.md').matchAll(/```json\n(.*?)```/gs)].map(
      ([, text = '']) => JSON.parse(text) as unknown,
    )
    assert.deepEqual(blocks, [JSON.parse(read('iris/request.json')), JSON.parse(read('iris/expected.json'))])
  })
})

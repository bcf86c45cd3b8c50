import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { answersOf, bodyRequest, partsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'

const EXAMPLE = new URL('../../../examples/shapes/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, EXAMPLE))

type Detected = Readonly<Record<string, readonly number[] | number>>
type Expected = {
  readonly detections: readonly Detected[]
  readonly mask: readonly string[]
  readonly certainty: number
}
const EXPECTED = Object.entries(JSON.parse(read('expected.json').toString()) as Record<string, Expected>)
const SAMPLE = read('samples/0.png')
const WANTED = EXPECTED[0]?.[1].detections ?? []

/** Of a corner in pixels and of a score, against PyTorch's. */
const TOLERANCE = 0.01

function assertDetections(actual: unknown, expected: readonly Detected[], tolerance = TOLERANCE): void {
  const found = actual as readonly Detected[]
  assert.deepEqual(found.map(Object.keys), expected.map(Object.keys), JSON.stringify(actual))
  for (const [index, wanted] of expected.entries()) {
    for (const [key, value] of Object.entries(wanted)) {
      const numbers = [found[index]?.[key] ?? []].flat()
      for (const [at, number] of [value].flat().entries()) {
        assert.ok(Math.abs((numbers[at] ?? NaN) - number) <= tolerance, `${key}: ${String(numbers)}`)
      }
    }
  }
}

describe('the handlers of shapes', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = async (
    model: 'detector' | 'segmenter',
    handlerConfig: Readonly<Record<string, unknown>> = {},
  ) => {
    const handler = model === 'detector' ? 'object_detector' : 'image_segmenter'
    return (await worker.load({ 'model.onnx': read(`${model}.onnx`) }, { handler, handlerConfig })).instance
  }
  const LABELS = { labels: ['circle', 'square', 'triangle'] }

  describe('object_detector', () => {
    it('finds in every sample what PyTorch finds, all of them in one run', async () => {
      const loaded = await load('detector', LABELS)
      const result = await loaded.run(EXPECTED.map(([sample]) => bodyRequest(read(`samples/${sample}`))))
      const found = answersOf(result)
      for (const [index, [, { detections }]] of EXPECTED.entries()) assertDetections(found[index], detections)
      assert.equal(result.timing.runs, 1)
    })

    const FORMS = [
      { it: 'base64', body: SAMPLE.toString('base64') },
      { it: 'base64 in JSON', body: { data: SAMPLE.toString('base64') } },
      { it: 'a data URL', body: JSON.stringify(`data:image/png;base64,${SAMPLE.toString('base64')}`) },
    ]
    for (const { it: form, body } of FORMS) {
      it(`takes ${form}`, async () => {
        const [found] = answersOf(await (await load('detector', LABELS)).run([bodyRequest(body)]))
        assertDetections(found, WANTED)
      })
    }

    it('takes nested lists as what the graph takes', async () => {
      const { data } = await sharp(SAMPLE).raw().toBuffer({ resolveWithObject: true })
      const channel = (offset: number) =>
        Array.from({ length: 64 }, (_, y) =>
          Array.from({ length: 64 }, (_, x) => (data[(y * 64 + x) * 3 + offset] ?? 0) / 255),
        )
      const [found] = answersOf(
        await (await load('detector', LABELS)).run([bodyRequest([0, 1, 2].map(channel))]),
      )
      assertDetections(found, WANTED)
    })

    it('gives corners of the image that was sent, whatever its size', async () => {
      const large = await sharp(SAMPLE).resize(192, 192, { kernel: 'nearest' }).png().toBuffer()
      const [found] = answersOf(await (await load('detector', LABELS)).run([bodyRequest(large)]))
      const corners = (found as readonly Detected[]).map((each) => Object.values(each)[0] as number[])
      const wanted = WANTED.map((each) => (Object.values(each)[0] as number[]).map((value) => value * 3))
      assert.equal(corners.length, wanted.length)
      for (const [index, box] of wanted.entries()) {
        for (const [at, value] of box.entries()) {
          assert.ok(
            Math.abs((corners[index]?.[at] ?? NaN) - value) < 6,
            `${String(corners[index])} ${String(box)}`,
          )
        }
      }
    })

    it('answers nothing above a threshold that nothing reaches', async () => {
      const loaded = await load('detector', { scoreThreshold: 1 })
      assert.deepEqual(answersOf(await loaded.run([bodyRequest(SAMPLE)])), [[]])
    })

    const REFUSED = [
      { it: 'no image', body: '?', message: /cannot be decoded as an image/ },
      { it: 'a string that is no base64', body: '"?"', message: /no base64/ },
      { it: 'a string too short for base64', body: '"x"', message: /no base64/ },
      { it: 'an object without an image', body: { picture: 1 }, message: /expected one of data/ },
      { it: 'a list of another shape', body: [[1, 2]], message: /'images'.*\[1, ?2\]/ },
    ]
    for (const { it: what, body, message } of REFUSED) {
      it(`refuses ${what}, and answers its neighbour`, async () => {
        const [refused, found] = answersOf(
          await (await load('detector', LABELS)).run([bodyRequest(body), bodyRequest(SAMPLE)]),
        )
        assert.match(String(refused), /^invalid_argument: /)
        assert.match(String(refused), message)
        assertDetections(found, WANTED)
      })
    }

    it('refuses two files', async () => {
      const part = { name: 'a', fileName: 'a.png', bytes: SAMPLE }
      const loaded = await load('detector')
      const [refused] = answersOf(await loaded.run([partsRequest([part, { ...part, name: 'b' }])]))
      assert.match(String(refused), /2 files came/)
    })
  })

  describe('image_segmenter', () => {
    for (const [sample, { mask, certainty }] of EXPECTED) {
      it(`says of every pixel of ${sample} what PyTorch says`, async () => {
        const loaded = await load('segmenter')
        const [found] = answersOf(await loaded.run([bodyRequest(read(`samples/${sample}`))]))
        const rows = found as [kind: number, probability: number][][]
        assert.deepEqual(
          rows.map((row) => row.map(([kind]) => kind).join('')),
          mask,
        )
        const probabilities = rows.flat().map(([, probability]) => probability)
        const mean = probabilities.reduce((sum, each) => sum + each, 0) / probabilities.length
        assert.ok(Math.abs(mean - certainty) < 1e-4, `${mean} ${certainty}`)
      })
    }

    it('answers runs of equal pixels, with their labels', async () => {
      const loaded = await load('segmenter', {
        answer: 'runs',
        labels: ['none', 'circle', 'square', 'triangle'],
      })
      const [found] = answersOf(await loaded.run([bodyRequest(SAMPLE)]))
      const { width, height, labels, runs } = found as {
        width: number
        height: number
        labels: Record<string, string>
        runs: [number, number][]
      }
      const mask = EXPECTED[0]?.[1].mask.join('') ?? ''
      assert.deepEqual([width, height], [64, 64])
      assert.equal(runs.map(([kind, count]) => String(kind).repeat(count)).join(''), mask)
      assert.equal(labels['0'], 'none')
      assert.deepEqual(Object.keys(labels), [...new Set(mask)].sort())
    })

    it('answers an image whose grey is the class', async () => {
      const loaded = await load('segmenter', { answer: 'png' })
      const { replies } = await loaded.run([bodyRequest(SAMPLE)])
      const [reply] = replies
      assert.ok(reply?.ok === true && reply.value.payload.kind === 'bytes')
      assert.equal(reply.value.payload.contentType, 'image/png')
      const { data, info } = await sharp(reply.value.payload.bytes)
        .raw()
        .toBuffer({ resolveWithObject: true })
      assert.deepEqual([info.width, info.height], [64, 64])
      const greys = Array.from({ length: 64 * 64 }, (_, pixel) => data[pixel * info.channels])
      assert.equal(greys.join(''), EXPECTED[0]?.[1].mask.join(''))
    })
  })
})

import assert from 'node:assert/strict'
import { readHandlerSettings } from '../../../../archiver-cli/format/handler-settings/read-settings.ts'
import type { Tensor, TensorMetadata } from '../../../../worker/contract/tensor.ts'
import { intersectionOverUnion, suppressed } from '../../../../worker/handlers/image/boxes.ts'
import { detectionReader } from '../../../../worker/handlers/image/detections.ts'
import { boxInImage, placementOf } from '../../../../worker/handlers/image/placement.ts'

const SIZE = { width: 100, height: 50, channels: 3 } as const
const configOf = (settings: Readonly<Record<string, unknown>> = {}) => ({
  ...readHandlerSettings('object_detector', settings),
  ...SIZE,
})
const fp32 = (name: string, shape: readonly number[], values: readonly number[]): Tensor => ({
  name,
  dtype: 'FP32',
  shape,
  data: Float32Array.from(values),
})
const output = (name: string, ...shape: TensorMetadata['shape']): TensorMetadata => ({
  name,
  dtype: 'FP32',
  shape,
})

/** Two candidates, box as centre and size, then two classes. */
const FIRST = [10, 10, 4, 4, 0.9, 0.1]
const SECOND = [50, 20, 10, 20, 0.2, 0.7]
const FOUND = [
  { box: [8, 8, 12, 12], kind: 0, score: Math.fround(0.9) },
  { box: [45, 10, 55, 30], kind: 1, score: Math.fround(0.7) },
]
const columns = (rows: readonly (readonly number[])[]) =>
  (rows[0] ?? []).flatMap((_, position) => rows.map((row) => row[position] ?? 0))

describe('detections', () => {
  const yolo = (
    settings: Readonly<Record<string, unknown>>,
    shape: readonly number[],
    values: readonly number[],
  ) => detectionReader(configOf(settings), [output('p', 'batch', 'a', 'b')])({ p: fp32('p', shape, values) })

  it('are read from candidates along dimension 2', () => {
    assert.deepEqual(yolo({}, [1, 6, 2], columns([FIRST, SECOND])), FOUND)
  })

  it('are read from candidates along dimension 1, with an objectness', () => {
    const rows = [FIRST, SECOND].flatMap(([x = 0, y = 0, w = 0, h = 0, ...scores]) => [
      x,
      y,
      w,
      h,
      0.5,
      ...scores,
    ])
    const found = yolo({ candidates: 'last', objectness: true, scoreThreshold: 0.4 }, [1, 2, 7], rows)
    assert.deepEqual(
      found.map(({ kind, score }) => [kind, score]),
      [[0, Math.fround(0.9) / 2]],
    )
  })

  it('are read from boxes of 0 to 1', () => {
    const [x = 0, y = 0, w = 0, h = 0, ...scores] = SECOND
    const values = [x / 100, y / 50, w / 100, h / 50, ...scores]
    const [found] = yolo({ normalized: true }, [1, 6, 1], values)
    assert.deepEqual(found?.box.map(Math.round), [45, 10, 55, 30])
  })

  it('are none where a score is no number', () => {
    assert.deepEqual(yolo({}, [1, 6, 1], [1, 1, 1, 1, NaN, NaN]), [])
  })

  const NAMED = [output('boxes', 'n', 4), output('labels', 'n'), output('scores', 'n')]
  const values = {
    boxes: fp32('boxes', [3, 4], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    labels: { name: 'labels', dtype: 'INT64', shape: [3], data: BigInt64Array.of(1n, 2n, 1n) } as Tensor,
    scores: fp32('scores', [3], [0.6, 0.4, 0.8]),
  }

  it('are read from boxes, labels and scores, the likeliest first', () => {
    const found = detectionReader(configOf(), NAMED)(values)
    assert.deepEqual(
      found.map(({ box, kind }) => [box, kind]),
      [
        [[4, 4, 5, 5], 1],
        [[0, 0, 1, 1], 1],
      ],
    )
  })

  it('are read from outputs by their configured names', () => {
    const renamed = [output('a', 'n'), output('b', 'n', 4), output('c', 'n')]
    const settings = { scoresOutput: 'a', boxesOutput: 'b', labelsOutput: 'c', maxDetections: 1 }
    const found = detectionReader(
      configOf(settings),
      renamed,
    )({ a: values.scores, b: values.boxes, c: values.labels })
    assert.deepEqual(
      found.map(({ kind }) => kind),
      [1],
    )
  })

  it('need the outputs that they are configured for', () => {
    assert.throws(() => detectionReader(configOf({ boxesOutput: 'bx' }), NAMED), {
      code: 'invalid_argument',
      message: /boxesOutput.*'boxes', 'labels', 'scores'/,
    })
    assert.throws(() => detectionReader(configOf({ format: 'yolo' }), NAMED), { message: /three dimensions/ })
  })
})

describe('non-maximum suppression', () => {
  const at = (x: number, kind: number, score: number) => ({ box: [x, 0, x + 10, 10] as const, kind, score })
  const LIMITS = { iouThreshold: 0.5, maxDetections: 10 }
  const CASES = [
    { it: 'keeps the likelier of two that overlap', found: [at(0, 0, 0.5), at(1, 0, 0.9)], scores: [0.9] },
    { it: 'keeps different classes', found: [at(0, 0, 0.5), at(1, 1, 0.9)], scores: [0.9, 0.5] },
    { it: 'keeps what overlaps little', found: [at(0, 0, 0.5), at(6, 0, 0.9)], scores: [0.9, 0.5] },
  ]
  for (const { it: name, found, scores } of CASES) {
    it(name, () =>
      assert.deepEqual(
        suppressed(found, LIMITS).map(({ score }) => score),
        scores,
      ),
    )
  }

  it('stops at the most that is wanted', () => {
    const found = Array.from({ length: 5 }, (_, index) => at(index * 20, 0, 0.5))
    assert.equal(suppressed(found, { ...LIMITS, maxDetections: 3 }).length, 3)
  })

  it('sees no overlap in boxes without area', () => {
    assert.equal(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0]), 0)
  })
})

describe('the place of an image in the input of a graph', () => {
  const BOX = [10, 10, 20, 20] as const
  const CASES = [
    { it: 'stretched', settings: {}, image: { width: 200, height: 200 }, box: [20, 40, 40, 80] },
    // Half as large: 25 wide in the middle of 100.
    {
      it: 'between bars',
      settings: { resize: 'contain' },
      image: { width: 50, height: 100 },
      box: [0, 20, 0, 40],
    },
    // Twice as large: 200 high, of which the middle 50.
    {
      it: 'cropped',
      settings: { resize: 'cover' },
      image: { width: 50, height: 100 },
      box: [5, 42.5, 10, 47.5],
    },
    // The shorter side is 200: 200 × 200, of which the middle 100 × 50.
    {
      it: 'cropped after resizing',
      settings: { shorterSide: 200 },
      image: { width: 100, height: 100 },
      box: [30, 42.5, 35, 47.5],
    },
  ]
  for (const { it: name, settings, image, box } of CASES) {
    it(`gives back the corners of an image that was ${name}`, () => {
      assert.deepEqual(boxInImage(placementOf(configOf(settings), image), BOX), box)
    })
  }
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { bert, type BertShape } from '../../../bench/models/bert.ts'
import { writeModel } from '../../../bench/models/write-model.ts'

/** 1.6 MB of weights. */
const MIDDLING: BertShape = {
  layers: 2,
  hidden: 128,
  heads: 2,
  feedForward: 512,
  vocabulary: 50,
  positions: 16,
  classes: 2,
}
const SMALL: BertShape = { ...MIDDLING, layers: 1, hidden: 32, feedForward: 64 }

describe('writeModel', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'onnxserve-'))))
  afterEach(() => rmSync(directory, { recursive: true }))

  const written = (shape: BertShape, name: string, seed: number) =>
    writeModel(bert({ shape }), { path: join(directory, name), seed })

  it('puts large weights into a file of their own that the runtime finds', async () => {
    const files = written(MIDDLING, 'm.onnx', 1)
    assert.deepEqual(files, [join(directory, 'm.onnx'), join(directory, 'm.onnx.data')])
    const session = await InferenceSession.create(files[0] ?? '', { intraOpNumThreads: 1 })
    await session.release()
  })

  it('keeps small weights in the model', () => {
    assert.deepEqual(written(SMALL, 'm.onnx', 1), [join(directory, 'm.onnx')])
  })

  it('writes the same bytes for the same seed and others for another', () => {
    const [first, same, other] = [written(SMALL, 'a', 1), written(SMALL, 'b', 1), written(SMALL, 'c', 2)].map(
      ([path = '']) => readFileSync(path),
    )
    assert.deepEqual(first, same)
    assert.notDeepEqual(first, other)
  })
})

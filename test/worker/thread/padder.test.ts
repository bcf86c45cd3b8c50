import assert from 'node:assert/strict'
import type { Padding } from '../../../worker/contract/padding.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { Engine } from '../../../worker/thread/engine.ts'
import { PaddedEngine } from '../../../worker/thread/padded-engine.ts'
import { Padder } from '../../../worker/thread/padder.ts'
import { OrtSession } from '../../../worker/thread/session.ts'
import { keptLog } from '../../support/kept-log.ts'
import { modelDirectory } from '../../support/model-directory.ts'
import { maskedMean } from '../../support/models.ts'

const PADDING: Padding = { buckets: { length: [4, 8] }, values: { x: 99 } }

/** One row of a request: its values, all of them unmasked. */
function feedsOf(values: readonly number[]): readonly Tensor[] {
  const shape = [1, values.length]
  return [
    { name: 'x', dtype: 'FP32', shape, data: Float32Array.from(values) },
    { name: 'mask', dtype: 'FP32', shape, data: new Float32Array(values.length).fill(1) },
  ]
}

const MEMBERS = [[1, 2, 3], [5], [2, 4, 6, 8], [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]].map(
  feedsOf,
)

describe('padding, with a graph that has a mask', () => {
  let directory: Awaited<ReturnType<typeof modelDirectory>>
  let session: OrtSession
  beforeEach(async () => {
    directory = await modelDirectory({ 'model.onnx': maskedMean() })
    session = await OrtSession.open(`${directory.spec.modelDir}/model.onnx`, {
      device: { provider: 'cpu', deviceId: 0 },
      intraOpThreads: 1,
    })
  })
  afterEach(async () => {
    await session.release()
    await directory.remove()
  })

  const unpadded = () => new Engine(session, 8, keptLog())
  const padded = () => new PaddedEngine(unpadded(), new Padder(PADDING, session))

  it('answers every request as if it had run alone and unpadded, outputs cut back', async () => {
    const { outcomes } = await padded().run(MEMBERS)
    for (const [index, feeds] of MEMBERS.entries()) {
      const alone = await unpadded().run([feeds])
      assert.deepEqual(outcomes[index], alone.outcomes[0])
    }
  })

  it('runs the requests of a bucket together, and what is larger than all by itself', async () => {
    assert.deepEqual((await padded().run(MEMBERS)).rowsOfRuns, [3, 1, 1])
    assert.deepEqual((await unpadded().run(MEMBERS)).rowsOfRuns, [1, 1, 1, 1, 1])
  })

  it('pads a lone request, so that the engine meets few shapes', () => {
    const { feeds, sizes } = new Padder(PADDING, session).pad(feedsOf([1, 2, 3]))
    assert.deepEqual(
      feeds.map(({ shape, data }) => [shape, [...data]]),
      [
        [
          [1, 4],
          [1, 2, 3, 99],
        ],
        [
          [1, 4],
          [1, 1, 1, 0],
        ],
      ],
    )
    assert.deepEqual([...sizes], [['length', 3]])
  })
})

describe('Padder', () => {
  const x = { name: 'x', dtype: 'FP32', shape: ['batch', 'length'] } as const
  const y = { name: 'y', dtype: 'FP32', shape: ['batch', 'length', 3] } as const
  const REFUSALS = [
    {
      it: 'a dimension that no input has',
      signature: { inputs: [x], outputs: [y] },
      padding: { buckets: { seq: [4] } },
      message:
        /^the model's 'padding' does not suit its graph: 'seq' is no variable dimension of its inputs; they are: length$/,
    },
    {
      it: 'a value for what is no input',
      signature: { inputs: [x], outputs: [y] },
      padding: { buckets: { length: [4] }, values: { mask: 1 } },
      message: /'mask', for which there is a value, is no input; its inputs are 'x'$/,
    },
    {
      it: 'a value that an input cannot hold',
      signature: { inputs: [{ ...x, dtype: 'INT64' as const }], outputs: [y] },
      padding: { buckets: { length: [4] }, values: { x: 0.5 } },
      message: /input 'x' is INT64, which cannot hold the value 0\.5 that is to fill it up$/,
    },
    {
      it: 'an output of a size that the graph does not name',
      signature: { inputs: [x], outputs: [{ ...y, shape: ['batch', -1] }] },
      padding: { buckets: { length: [4] } },
      message: /output 'y' has shape \[batch,-1\], of which a variable dimension is no input's/,
    },
    {
      it: 'an output of a size that is no input’s',
      signature: { inputs: [x], outputs: [{ ...y, shape: ['batch', 'length+1'] }] },
      padding: { buckets: { length: [4] } },
      message: /output 'y' has shape \[batch,length\+1\]/,
    },
    {
      it: 'a graph whose dimension 0 is not the rows',
      signature: { inputs: [{ ...x, shape: [1, 'length'] }], outputs: [y] },
      padding: { buckets: { length: [4] } },
      message: /dimension 0 of its inputs and outputs is not the rows/,
    },
  ]
  for (const { it: claim, padding, signature, message } of REFUSALS) {
    it(`refuses ${claim}`, () => {
      assert.throws(() => new Padder(padding, signature), {
        code: 'invalid_argument',
        reason: 'model_config',
        message,
      })
    })
  }
})

import assert from 'node:assert/strict'
import { Tensor } from 'onnxruntime-node'
import { bert, BERT_BASE, BERT_BASE_FEW_WORDS, type BertShape } from '../../../bench/models/bert.ts'
import type { Precision } from '../../../bench/models/graph-builder.ts'
import { parameterCount } from '../../../bench/models/weights.ts'
import { assertClose } from './assert-close.ts'
import { bertLogits, type Text } from './bert-reference.ts'
import { weightReader } from './weight-reader.ts'
import { runOnce } from './written-model.ts'

const SEED = 5
const SMALL: BertShape = {
  layers: 2,
  hidden: 8,
  heads: 2,
  feedForward: 16,
  vocabulary: 12,
  positions: 6,
  classes: 3,
}
const TEXTS: readonly Text[] = [
  { ids: [3, 11, 0, 7], mask: [1, 1, 1, 1] },
  { ids: [5, 2, 0, 0], mask: [1, 1, 0, 0] },
]

const integers = (rows: readonly (readonly number[])[]) =>
  new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0])
const feeds = {
  input_ids: integers(TEXTS.map(({ ids }) => ids)),
  attention_mask: integers(TEXTS.map(({ mask }) => mask)),
}

describe('bert', () => {
  const NUMBERS: { precision: Precision; tolerance: number }[] = [
    { precision: 'FP32', tolerance: 1e-4 },
    { precision: 'FP16', tolerance: 2e-2 },
  ]
  for (const { precision, tolerance } of NUMBERS) {
    it(`answers what plain loops compute in ${precision}`, async () => {
      const plan = bert({ shape: SMALL, precision })
      const { shape, values } = await runOnce(plan, SEED, feeds)
      const expected = TEXTS.flatMap((text) => bertLogits(text, SMALL, weightReader(plan, SEED)))
      assert.deepEqual(shape, [TEXTS.length, SMALL.classes])
      assertClose(values, expected, tolerance)
    })
  }

  it('does not let masked tokens change the answer', async () => {
    const plan = bert({ shape: SMALL })
    const [, short] = TEXTS
    const alone = { input_ids: integers([[5, 2]]), attention_mask: integers([[1, 1]]) }
    const padded = { input_ids: integers([short?.ids ?? []]), attention_mask: integers([short?.mask ?? []]) }
    const expected = await runOnce(plan, SEED, alone)
    assertClose((await runOnce(plan, SEED, padded)).values, expected.values, 1e-5)
  })

  it('has the parameters of BERT-base, and without the words of its vocabulary those of its layers', () => {
    const classifier = 2 * BERT_BASE.hidden + 2
    const missingWords = (BERT_BASE.vocabulary - BERT_BASE_FEW_WORDS.vocabulary) * BERT_BASE.hidden
    assert.equal(parameterCount(bert({ shape: BERT_BASE }).weights), 109_482_240 + classifier)
    assert.equal(parameterCount(bert().weights), 109_482_240 + classifier - missingWords)
  })

  it('takes texts of any length', () => {
    const tokens = ['batch', 'sequence']
    assert.deepEqual(bert().inputs, [
      { name: 'input_ids', dtype: 'INT64', shape: tokens },
      { name: 'attention_mask', dtype: 'INT64', shape: tokens },
    ])
  })
})

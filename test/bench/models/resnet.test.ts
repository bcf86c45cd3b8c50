import assert from 'node:assert/strict'
import { Tensor } from 'onnxruntime-node'
import { resnet, type ResNetOptions, type ResNetShape } from '../../../bench/models/resnet.ts'
import { parameterCount } from '../../../bench/models/weights.ts'
import { seededRandom } from '../../support/random.ts'
import { assertClose } from './assert-close.ts'
import { normalisedPixels, resnetScores } from './resnet-reference.ts'
import { weightReader } from './weight-reader.ts'
import { runOnce } from './written-model.ts'

const SEED = 5
const SMALL: ResNetShape = { blocks: [2, 1], width: 4, imageSize: 16, classes: 5 }
const IMAGE_BYTES = 16 * 16 * 3
const IMAGES = 2

const random = seededRandom(1)
const pixels = Uint8Array.from({ length: IMAGES * IMAGE_BYTES }, () => 256 * random())
const images = Array.from({ length: IMAGES }, (_, index) =>
  normalisedPixels(pixels.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES), SMALL.imageSize),
)
const floats = new Tensor('float32', Float32Array.from(images.flatMap((image) => [...image])), [
  IMAGES,
  3,
  16,
  16,
])
const bytes = new Tensor('uint8', pixels, [IMAGES, 16, 16, 3])

describe('resnet', () => {
  const NUMBERS: { it: string; options: ResNetOptions; image: Tensor; tolerance: number }[] = [
    { it: 'of normalised floats', options: {}, image: floats, tolerance: 1e-5 },
    { it: 'of pixels', options: { input: 'pixels' }, image: bytes, tolerance: 1e-5 },
    {
      it: 'of pixels in half precision',
      options: { input: 'pixels', precision: 'FP16' },
      image: bytes,
      tolerance: 2e-2,
    },
    { it: 'of floats in half precision', options: { precision: 'FP16' }, image: floats, tolerance: 2e-2 },
  ]
  for (const { it: name, options, image, tolerance } of NUMBERS) {
    it(`answers what plain loops compute, ${name}`, async () => {
      const plan = resnet({ shape: SMALL, ...options })
      const { shape, values } = await runOnce(plan, SEED, { image })
      const expected = images.flatMap((each) => resnetScores(each, SMALL, weightReader(plan, SEED)))
      assert.deepEqual(shape, [IMAGES, SMALL.classes])
      assertClose(values, expected, tolerance)
    })
  }

  it('has the convolutions and the parameters of ResNet-50', () => {
    const { nodes, weights } = resnet()
    const channels = weights
      .filter(({ shape }) => shape.length === 4)
      .reduce((sum, { shape: [out = 0] }) => sum + out, 0)
    assert.equal(nodes.filter(({ op }) => op === 'Conv').length, 53)
    assert.equal(nodes.filter(({ op }) => op === 'Add').length, 16)
    // Published with batch normalisation, which has two parameters per channel; folded, one is left.
    assert.equal(parameterCount(weights) + channels, 25_557_032)
  })

  it('takes and gives what the published model does', () => {
    const { inputs, outputs } = resnet()
    assert.deepEqual(inputs, [{ name: 'image', dtype: 'FP32', shape: ['batch', 3, 224, 224] }])
    assert.deepEqual(outputs, [{ name: 'scores', dtype: 'FP32', shape: ['batch', 1000] }])
  })
})

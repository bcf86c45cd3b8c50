import assert from 'node:assert/strict'
import type { TensorMetadata } from '../../../../worker/contract/tensor.ts'
import { imageConfig } from '../../../../worker/handlers/image/config.ts'

const input = (...shape: TensorMetadata['shape']): TensorMetadata => ({ name: 'image', dtype: 'FP32', shape })
const GREY = input('batch', 1, 8, 16)

describe('imageConfig', () => {
  it('takes the sizes that the graph fixes, and harmless defaults', () => {
    assert.deepEqual(imageConfig('image_classifier', {}, GREY), {
      width: 16,
      height: 8,
      channels: 1,
      layout: 'NCHW',
      resize: 'stretch',
      bars: 0,
      interpolation: 'linear',
      invert: false,
      scale: 1 / 255,
      mean: [0],
      std: [1],
      maxPixels: 50_000_000,
      softmax: false,
      topK: 5,
    })
  })

  it('reads the sizes of an NHWC graph from its own axes', () => {
    const { width, height, channels } = imageConfig(
      'image_classifier',
      { layout: 'NHWC' },
      input(-1, 8, 16, 3),
    )
    assert.deepEqual({ width, height, channels }, { width: 16, height: 8, channels: 3 })
  })

  it('takes the sizes that the graph leaves open from the configuration', () => {
    const { width, height } = imageConfig(
      'image_classifier',
      { width: 5, height: 6 },
      input(-1, 3, 'height', 'width'),
    )
    assert.deepEqual({ width, height }, { width: 5, height: 6 })
  })

  const REFUSED = [
    { it: 'an unknown key', config: { widht: 2 }, message: /unknown key 'widht'; did you mean 'width'\?/ },
    { it: 'a bad value', config: { topK: 0 }, message: /bad value for 'topK'/ },
    {
      it: 'a standard deviation of 0',
      config: { std: [0] },
      message: /bad value for 'std.0': must not be 0/,
    },
    {
      it: 'another size than the graph takes',
      config: { width: 3 },
      message: /has 'width' 3, but the graph takes 16/,
    },
    {
      it: 'numbers for too many channels',
      config: { mean: [1, 2] },
      message: /has 2 values for 'mean', not 1 or 1/,
    },
    {
      it: 'a crop from too little',
      config: { shorterSide: 15 },
      message: /'shorterSide' 15, less than the 16x8/,
    },
    {
      it: 'labels from two places',
      config: { labels: ['a'], labelsFile: 'b.json' },
      message: /has both 'labels' and 'labelsFile'/,
    },
    {
      it: 'a size that nobody knows',
      input: input(-1, 1, 'h', 'w'),
      message: /needs 'width': the graph takes any/,
    },
    {
      it: 'a graph of another rank',
      input: input('batch', 4),
      message: /four dimensions; 'image' is \[batch,4\]/,
    },
    { it: 'a graph of two channels', input: input(-1, 2, 8, 8), message: /1 or 3 channels, not 2/ },
  ]
  for (const { it: name, config = {}, input: given = GREY, message } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => imageConfig('image_classifier', config, given), {
        code: 'invalid_argument',
        message,
      })
    })
  }
})

import assert from 'node:assert/strict'
import sharp from 'sharp'
import type { RequestPart } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest, partsRequest, tensorsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity, twoInputAdd } from '../../support/models.ts'
import { buildModel } from '../../support/onnx-builder.ts'

/** Hands the pixels back: `image` `[batch, channels, height, width]` → as many scores as pixels. */
const pixelsGraph = (channels: number, height: number, width: number, layout = 'NCHW') =>
  buildModel({
    inputs: [
      {
        name: 'image',
        dtype: 'FP32',
        shape: layout === 'NCHW' ? ['batch', channels, height, width] : ['batch', height, width, channels],
      },
    ],
    outputs: [{ name: 'scores', dtype: 'FP32', shape: ['batch', channels * height * width] }],
    nodes: [{ op: 'Flatten', inputs: ['image'], outputs: ['scores'] }],
  })

type Format = 'png' | 'jpeg' | 'webp'
const imageOf = (pixels: readonly number[], width: number, channels: 1 | 3 = 1, format: Format = 'png') =>
  sharp(Uint8Array.from(pixels), { raw: { width, height: pixels.length / width / channels, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .toFormat(format, format === 'webp' ? { lossless: true } : {})
    .toBuffer()

describe('the image_classifier handler', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  type Files = Readonly<Record<string, string>>
  const load = async (
    model: Uint8Array,
    handlerConfig: Readonly<Record<string, unknown>> = {},
    files: Files = {},
  ) => {
    return (
      await worker.load({ 'model.onnx': model, ...files }, { handler: 'image_classifier', handlerConfig })
    ).instance
  }
  /** Raw pixel values as the graph got them, by index. */
  const RAW = { scale: 1, topK: 100 }
  const valuesOf = (answer: unknown) => Object.values(answer as Record<string, number>) // keys are indexes, ascending

  for (const format of ['png', 'jpeg', 'webp'] as const) {
    it(`decodes ${format}`, async () => {
      const handler = await load(pixelsGraph(1, 1, 2), RAW)
      const [answer] = answersOf(await handler.run([bodyRequest(await imageOf([128, 128], 2, 1, format))]))
      assert.deepEqual(answer, { 0: 128, 1: 128 })
    })
  }

  it('keeps every grey of an image of the right size', async () => {
    const greys = Array.from({ length: 256 }, (_, grey) => grey)
    const handler = await load(pixelsGraph(1, 16, 16), { scale: 1, topK: 256 })
    const [answer] = answersOf(await handler.run([bodyRequest(await imageOf(greys, 16))]))
    assert.deepEqual(valuesOf(answer), greys)
  })

  const COLOURS = [255, 0, 0, 0, 255, 0]
  const TRANSFORMED = [
    { it: 'separates channels as NCHW', channels: 3, config: {}, values: [255, 0, 0, 255, 0, 0] },
    { it: 'keeps channels together as NHWC', channels: 3, config: { layout: 'NHWC' }, values: COLOURS },
    { it: 'makes grey by ITU-R 601 luma', channels: 1, config: {}, values: [76, 150] },
    { it: 'inverts', channels: 1, config: { invert: true }, values: [179, 105] },
    {
      it: 'scales, then normalizes',
      channels: 1,
      config: { scale: 2, mean: [52], std: [100] },
      values: [1, 2.48],
    },
    {
      it: 'normalizes each channel by its own numbers',
      channels: 3,
      config: { mean: [255, 5, 0], std: [1, 2, 4] },
      values: [0, -255, -2.5, 125, 0, 0],
    },
  ]
  for (const { it: name, channels, config, values } of TRANSFORMED) {
    it(name, async () => {
      const handler = await load(pixelsGraph(channels, 1, 2, config.layout), { ...RAW, ...config })
      const [answer] = answersOf(await handler.run([bodyRequest(await imageOf(COLOURS, 2, 3))]))
      assert.deepEqual(valuesOf(answer), values.map(Math.fround))
    })
  }

  // Four columns: black, white, white, black. Shrunk to two columns, libvips' nearest takes the second and the fourth.
  const STRIPES = [0, 255, 255, 0, 0, 255, 255, 0]
  const RESIZED = [
    { it: 'stretches', config: { resize: 'stretch', interpolation: 'nearest' }, values: [255, 0, 255, 0] },
    { it: 'covers, cropping the sides', config: { resize: 'cover' }, values: [255, 255, 255, 255] },
    { it: 'crops the centre of a resized image', config: { shorterSide: 2 }, values: [255, 255, 255, 255] },
  ]
  for (const { it: name, config, values } of RESIZED) {
    it(name, async () => {
      const handler = await load(pixelsGraph(1, 2, 2), { ...RAW, ...config })
      const [answer] = answersOf(await handler.run([bodyRequest(await imageOf(STRIPES, 4))]))
      assert.deepEqual(valuesOf(answer), values)
    })
  }

  it('adds black bars to contain an image', async () => {
    const handler = await load(pixelsGraph(1, 4, 4), { ...RAW, resize: 'contain' })
    const [answer] = answersOf(
      await handler.run([bodyRequest(await imageOf(new Array<number>(8).fill(255), 4))]),
    )
    assert.deepEqual(valuesOf(answer), [0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])
  })

  it('turns an image upright by its EXIF orientation', async () => {
    const sideways = await sharp(await imageOf([10, 200], 2))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer()
    const handler = await load(pixelsGraph(1, 2, 1), RAW)
    const [answer] = answersOf(await handler.run([bodyRequest(sideways)]))
    assert.deepEqual(valuesOf(answer), [10, 200])
  })

  it('answers the likeliest labels first, as many as configured, also labels that are numbers', async () => {
    const config = { scale: 1, topK: 2, labels: ['9', '8', 'é"'] }
    const handler = await load(pixelsGraph(1, 1, 3), config)
    const { replies } = await handler.run([bodyRequest(await imageOf([20, 30, 10], 3))])
    const [reply] = replies
    assert.ok(reply?.ok === true && reply.value.payload.kind === 'bytes')
    assert.equal(Buffer.from(reply.value.payload.bytes).toString(), '{"8":30,"9":20}')
  })

  it('turns logits into probabilities on demand', async () => {
    const handler = await load(pixelsGraph(1, 1, 2), { scale: 1, softmax: true })
    const [answer] = answersOf(await handler.run([bodyRequest(await imageOf([1, 2], 2))]))
    const [zero = NaN, one = NaN] = valuesOf(answer)
    assert.ok(Math.abs(zero - 1 / (1 + Math.E)) < 1e-7)
    assert.ok(Math.abs(zero + one - 1) < 1e-12)
  })

  it('answers with the labels of the archive', async () => {
    const files = { 'index_to_name.json': '{"0": ["n01", "cat"], "1": ["n02", "dog"]}' }
    const handler = await load(pixelsGraph(1, 1, 2), RAW, files)
    assert.deepEqual(answersOf(await handler.run([bodyRequest(await imageOf([1, 2], 2))])), [
      { dog: 2, cat: 1 },
    ])
  })

  it('fails an image that cannot be decoded alone', async () => {
    const handler = await load(pixelsGraph(1, 1, 2), RAW)
    const image = await imageOf([1, 2], 2)
    const cut = image.subarray(0, image.byteLength - 20)
    const result = await handler.run([
      bodyRequest(image),
      partsRequest([{ name: 'photo', fileName: 'cut.png', bytes: cut }]),
      bodyRequest('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      bodyRequest(''),
      bodyRequest(image),
    ])
    const [first, broken, svg, empty, last] = answersOf(result)
    assert.deepEqual(
      [first, last],
      [
        { 0: 1, 1: 2 },
        { 0: 1, 1: 2 },
      ],
    )
    assert.match(String(broken), /^invalid_argument: 'photo' \(cut\.png\) cannot be decoded as an image: /)
    assert.equal(
      svg,
      "invalid_argument: 'body' cannot be decoded as an image: it starts with 3c73766720786d6c; JPEG, PNG and WebP are decoded",
    )
    assert.match(String(empty), /it is empty/)
  })

  it('refuses an image of more pixels than allowed', async () => {
    const handler = await load(pixelsGraph(1, 1, 2), { maxPixels: 3 })
    const [answer] = answersOf(await handler.run([bodyRequest(await imageOf([1, 2, 3, 4], 2))]))
    assert.match(String(answer), /^invalid_argument: 'body' cannot be decoded as an image: .*pixel limit/)
  })

  it('refuses a narrow strip that its shorter side would make huge', async () => {
    const handler = await load(pixelsGraph(1, 8, 8), { shorterSide: 16, maxPixels: 25_000 })
    const strip = (length: number) => imageOf(new Array<number>(length).fill(9), length)
    const requests = [bodyRequest(await strip(100)), bodyRequest(await strip(97))]
    const [refused, taken] = answersOf(await handler.run(requests))
    const problem = 'its 100x1 pixels would be more than 25000 with a shorter side of 16'
    assert.equal(refused, `invalid_argument: 'body' cannot be decoded as an image: ${problem}`)
    assert.equal(typeof taken, 'object')
  })

  it('takes one image as a nested list, and refuses several', async () => {
    const handler = await load(pixelsGraph(1, 1, 2), RAW)
    const images = [[[[[1, 2]]]], [[[1, 2]]], [[[[1, 2]]], [[[3, 4]]]]]
    const [whole, bare, several] = answersOf(await handler.run(images.map((image) => bodyRequest(image))))
    assert.deepEqual(
      [whole, bare],
      [
        { 0: 1, 1: 2 },
        { 0: 1, 1: 2 },
      ],
    )
    assert.match(
      String(several),
      /^invalid_argument: one image is expected, the list holds 2; send a request for each/,
    )
  })

  const file = (name: string, bytes: Uint8Array): RequestPart => ({ name, fileName: `${name}.png`, bytes })
  const PARTS = [
    { it: 'a file under any name', parts: (image: Uint8Array) => [file('photo', image)] },
    {
      it: 'a file beside form fields',
      parts: (image: Uint8Array) => [{ name: 'note', bytes: Buffer.from('hi') }, file('photo', image)],
    },
    { it: 'the field data', parts: (image: Uint8Array) => [{ name: 'data', bytes: image }] },
  ]
  for (const { it: name, parts } of PARTS) {
    it(`takes ${name}`, async () => {
      const handler = await load(pixelsGraph(1, 1, 2), RAW)
      const request = partsRequest(parts(await imageOf([1, 2], 2)))
      assert.deepEqual(answersOf(await handler.run([request])), [{ 0: 1, 1: 2 }])
    })
  }

  it('refuses several files, and none', async () => {
    const handler = await load(pixelsGraph(1, 1, 2), RAW)
    const image = await imageOf([1, 2], 2)
    const two = partsRequest([file('a', image), file('b', image)])
    assert.deepEqual(answersOf(await handler.run([two, partsRequest([])])), [
      'invalid_argument: one image is expected, 2 files came; send a request for each',
      "invalid_argument: an image is expected as the body, a file, or the field 'data'",
    ])
  })

  it('answers tensors with tensors', async () => {
    const handler = await load(pixelsGraph(1, 1, 2))
    const tensor = { name: 'image', dtype: 'FP32', shape: [1, 1, 1, 2], data: Float32Array.of(1, 2) } as const
    assert.deepEqual(answersOf(await handler.run([tensorsRequest([tensor])])), [
      [{ name: 'scores', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }],
    ])
  })

  for (const dtype of ['FP16', 'UINT8'] as const) {
    it(`feeds a graph that takes ${dtype}`, async () => {
      const model = buildModel({
        inputs: [{ name: 'image', dtype, shape: ['batch', 1, 1, 2] }],
        outputs: [{ name: 'scores', dtype: 'FP32', shape: ['batch', 1, 1, 2] }],
        nodes: [{ op: 'Cast', inputs: ['image'], outputs: ['scores'], attributes: { to: { int: 1 } } }],
      })
      const handler = await load(model, RAW)
      assert.deepEqual(answersOf(await handler.run([bodyRequest(await imageOf([7, 250], 2))])), [
        { 0: 7, 1: 250 },
      ])
    })
  }

  const REFUSED = [
    {
      it: 'a configuration that it does not know',
      model: pixelsGraph(1, 1, 2),
      config: { widht: 2 },
      message: /'widht'/,
    },
    { it: 'a graph of integers', model: identity('INT64'), config: {}, message: /it has 'x' INT64/ },
    {
      it: 'a graph of several inputs',
      model: twoInputAdd(),
      config: {},
      message: /it has 'a' FP32, 'b' FP32/,
    },
  ]
  for (const { it: name, model, config, message } of REFUSED) {
    it(`refuses ${name}`, () => assert.rejects(load(model, config), { code: 'invalid_argument', message }))
  }
})

import assert from 'node:assert/strict'
import { open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { externalDataLocations, locationProblem } from '../../../archiver-cli/format/external-data.ts'
import { HONEST_FILES, extractArchive, zipItems } from '../../support/archive-files.ts'
import { mlp } from '../../support/models.ts'
import { buildModel } from '../../support/onnx-builder.ts'
import type { ExternalTensor, Graph, Model } from '../../support/onnx-builder.ts'
import { bytesField, integerField, messageField, stringField } from '../../support/protobuf-writer.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { zipBytes } from '../../support/zip-bytes.ts'

const external = (location: string): ExternalTensor => ({
  name: 'w',
  dtype: 'FP32',
  shape: [2],
  external: { location },
})
const HIDDEN = external('hidden.bin')
const PLAIN = { name: 'w', dtype: 'INT64', shape: [1], data: BigInt64Array.of(1n) } as const
const EMPTY: Graph = { inputs: [], outputs: [], nodes: [] }
const INSIDE: Graph = { ...EMPTY, initializers: [HIDDEN] }

const withAttribute = (attribute: NonNullable<Graph['nodes'][number]['attributes']>[string]): Graph => ({
  ...EMPTY,
  nodes: [{ op: 'Any', inputs: [], outputs: [], attributes: { any: attribute } }],
})

const PLACES: Readonly<Record<string, Model>> = {
  'an initializer': INSIDE,
  'the values of a sparse initializer': {
    ...EMPTY,
    sparseInitializers: [{ values: HIDDEN, indices: PLAIN, shape: [4] }],
  },
  'the indices of a sparse initializer': {
    ...EMPTY,
    sparseInitializers: [{ values: PLAIN, indices: HIDDEN, shape: [4] }],
  },
  'a constant': withAttribute({ tensor: HIDDEN }),
  'a list of constants': withAttribute({ tensors: [HIDDEN] }),
  'a sparse constant': withAttribute({ sparse: { values: HIDDEN, indices: PLAIN, shape: [4] } }),
  'a branch': withAttribute({ graph: INSIDE }),
  'a branch of a branch': withAttribute({ graph: withAttribute({ graph: INSIDE }) }),
  'a function': {
    ...EMPTY,
    functions: [
      { name: 'f', domain: 'd', inputs: [], outputs: [], nodes: withAttribute({ tensor: HIDDEN }).nodes },
    ],
  },
}

const externalEntry = (...fields: Uint8Array[]) => messageField(13, ...fields)
const key = (text: string) => stringField(1, text)
const value = (text: string) => stringField(2, text)
/** A model with one initializer of the given fields. */
const rawModel = (...tensor: Uint8Array[]) => messageField(7, messageField(5, ...tensor))
const LOCATED = externalEntry(key('location'), value('hidden.bin'))

const UNUSUAL: Readonly<Record<string, Uint8Array>> = {
  'a tensor that is not marked external': rawModel(LOCATED),
  'a value before its key': rawModel(externalEntry(value('hidden.bin'), key('location'))),
  'a second graph': Buffer.concat([messageField(7), rawModel(LOCATED)]),
  'the training graph': messageField(20, messageField(1, messageField(5, LOCATED))),
  'the training algorithm': messageField(20, messageField(2, messageField(5, LOCATED))),
  'the default of a function attribute': messageField(25, messageField(11, messageField(5, LOCATED))),
  'fields that nobody knows': Buffer.concat([
    stringField(999, 'x'),
    integerField(998, -1n),
    rawModel(integerField(997, 1), LOCATED),
  ]),
}

const GARBAGE: Readonly<Record<string, Uint8Array>> = {
  text: Buffer.from('not a model at all, just some text'),
  'a length beyond the end': Buffer.of(0x3a, 0x7f, 1, 2),
  'a length without end': Buffer.of(0x3a, ...Array.from({ length: 20 }, () => 0xff)),
  'a group': Buffer.of(0x0b, 0x0c),
  'field zero': Buffer.of(0x00, 0x01),
  'endless nesting': nested(60),
}

function nested(levels: number): Uint8Array {
  let graph: Uint8Array = new Uint8Array()
  for (let i = 0; i < levels; i++) graph = messageField(1, messageField(5, messageField(6, graph)))
  return bytesField(7, graph)
}

describe('externalDataLocations', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let path: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'model.onnx')
  })
  afterEach(() => directory.remove())

  async function locationsIn(model: Uint8Array): Promise<string[]> {
    await writeFile(path, model)
    return [...(await externalDataLocations(path))]
  }

  for (const [place, model] of Object.entries(PLACES)) {
    it(`finds a location in ${place}`, async () =>
      assert.deepEqual(await locationsIn(buildModel(model)), ['hidden.bin']))
  }
  for (const [place, bytes] of Object.entries(UNUSUAL)) {
    it(`finds a location in ${place}`, async () => assert.deepEqual(await locationsIn(bytes), ['hidden.bin']))
  }
  for (const [what, bytes] of Object.entries(GARBAGE)) {
    it(`refuses ${what}`, () =>
      assert.rejects(locationsIn(bytes), { code: 'invalid_argument', reason: 'archive' }))
  }

  it('counts both of two values for one key, since readers differ in which they take', async () => {
    const twice = externalEntry(key('location'), value('good.bin'), value('/etc/passwd'))
    assert.deepEqual(await locationsIn(rawModel(twice)), ['good.bin', '/etc/passwd'])
  })

  it('takes other keys for no location', async () => {
    const offset = externalEntry(key('offset'), value('4096'))
    assert.deepEqual(await locationsIn(rawModel(offset)), [])
  })

  it('finds nothing in a model that holds its weights itself', async () =>
    assert.deepEqual(await locationsIn(mlp([4, 16, 3])), []))

  it('skips weights, however large, and reads on behind them', async () => {
    const weightsBytes = 2 ** 30
    const lengths = [
      0x3a,
      ...varint(weightsBytes + 12),
      0x2a,
      ...varint(weightsBytes + 6),
      0x4a,
      ...varint(weightsBytes),
    ]
    const file = await open(path, 'w')
    await file.write(Buffer.from(lengths))
    await file.write(rawModel(LOCATED), 0, undefined, lengths.length + weightsBytes)
    await file.close()
    assert.deepEqual([...(await externalDataLocations(path))], ['hidden.bin'])
  })
})

/** Five bytes, enough for 2^30. */
function varint(number: number): number[] {
  return [0, 7, 14, 21, 28].map((shift) => ((number >>> shift) & 0x7f) | (shift < 28 ? 0x80 : 0))
}

const HOSTILE_LOCATIONS: readonly [location: string, message: RegExp][] = [
  ['/etc/passwd', /which has an absolute name/],
  ['../secret.bin', /which leaves the archive/],
  ['a/../../secret.bin', /which leaves the archive/],
  ['./weights.bin', /"\." segment/],
  ['C:\\secret.bin', /backslash/],
  ['file:///etc/passwd', /colon/],
  ['weights.bin\0.txt', /control character/],
  ['*/_ORT_MEM_ADDR_/*', /asterisk/],
  ['', /empty name/],
  ['missing.bin', /'missing\.bin', which is not in the archive/],
]

describe('an archive whose model keeps weights outside', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let path: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'toy.mar')
  })
  afterEach(() => directory.remove())

  for (const [location, message] of HOSTILE_LOCATIONS) {
    it(`is refused, leaving nothing: ${JSON.stringify(location)}`, async () => {
      const files = {
        ...HONEST_FILES,
        'model.onnx': buildModel({ ...EMPTY, initializers: [external(location)] }),
      }
      await writeFile(path, zipBytes(zipItems(files)))
      const rejection = { code: 'invalid_argument', reason: 'archive', message }
      await assert.rejects(extractArchive(path, join(directory.path, 'out')), rejection)
      assert.deepEqual(await readdir(directory.path), ['toy.mar'])
    })
  }

  it('is refused when any .onnx file in it does, not only the one that is served', async () => {
    const files = { ...HONEST_FILES, 'more/other.onnx': buildModel(INSIDE), 'hidden.bin': Buffer.from('x') }
    await writeFile(path, zipBytes(zipItems(files)))
    await assert.rejects(extractArchive(path, join(directory.path, 'out')), {
      message: /'more\/other\.onnx' keeps weights/,
    })
  })

  it('is served when the archive has them, also below the model', async () => {
    const model = buildModel({ ...EMPTY, initializers: [HIDDEN, external('weights/more.bin')] })
    const files = {
      'model.onnx': model,
      'hidden.bin': Buffer.from('x'),
      'weights/more.bin': Buffer.from('y'),
    }
    await writeFile(path, zipBytes(zipItems(files)))
    await extractArchive(path, join(directory.path, 'out'))
  })
})

describe('locationProblem', () => {
  it('allows plain names, also in directories', () => {
    assert.equal(locationProblem('model.onnx.data'), undefined)
    assert.equal(locationProblem('weights/layer.0.bin'), undefined)
  })
})

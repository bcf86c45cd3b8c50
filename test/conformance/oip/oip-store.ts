import { buildModel, type OnnxType } from '../../support/onnx-builder.ts'
import { packTestArchive } from '../../support/archives.ts'

type Shape = readonly (number | string)[]

/** `OUTPUT0` = `INPUT0`. */
export function identityModel(dtype: OnnxType, shape: Shape): Uint8Array {
  return buildModel({
    inputs: [{ name: 'INPUT0', dtype, shape }],
    outputs: [{ name: 'OUTPUT0', dtype, shape }],
    nodes: [{ op: 'Identity', inputs: ['INPUT0'], outputs: ['OUTPUT0'] }],
  })
}

/** `OUTPUT0` = `INPUT0` + `INPUT1`, `OUTPUT1` = `INPUT0` - `INPUT1`, INT32 `[batch, 16]`. */
function addSubModel(): Uint8Array {
  const shape = ['batch', 16]
  const tensor = (name: string) => ({ name, dtype: 'INT32', shape }) as const
  return buildModel({
    inputs: [tensor('INPUT0'), tensor('INPUT1')],
    outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')],
    nodes: [
      { op: 'Add', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT0'] },
      { op: 'Sub', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT1'] },
    ],
  })
}

/** With an operator that no engine has. */
function brokenModel(): Uint8Array {
  const tensor = (name: string) => ({ name, dtype: 'FP32', shape: ['rows'] }) as const
  return buildModel({
    inputs: [tensor('INPUT0')],
    outputs: [tensor('OUTPUT0')],
    nodes: [{ op: 'NoSuchOperator', inputs: ['INPUT0'], outputs: ['OUTPUT0'] }],
  })
}

/** Adds `bias` to each value where it is given, and answers late when the value asks for it. */
export const OPTIONAL = `
import { defineHandler } from 'onnxserve/handler'

const one = (name) => ({ name, dtype: 'FP32', shape: [-1, 1] })

export default defineHandler({
  signature: { inputs: [one('x'), { ...one('bias'), optional: true }], outputs: [one('y')] },
  async handle(requests) {
    return Promise.all(requests.map(async ({ tensors }) => {
      const [x, bias] = ['x', 'bias'].map((name) => tensors.find((tensor) => tensor.name === name))
      const late = Math.max(...x.data)
      if (late >= 100) await new Promise((resolve) => setTimeout(resolve, late))
      const data = x.data.map((value, index) => value + (bias?.data[index] ?? 0))
      return [{ name: 'y', dtype: 'FP32', shape: x.shape, data }]
    }))
  },
})
`

/** Answers its strings, which no engine sees. */
const STRINGS = `
import { defineHandler } from 'onnxserve/handler'

const strings = (name) => ({ name, dtype: 'BYTES', shape: [-1] })

export default defineHandler({
  signature: { inputs: [strings('INPUT0')], outputs: [strings('OUTPUT0')] },
  handle: (requests) => requests.map(({ tensors }) => [{ ...tensors[0], name: 'OUTPUT0' }]),
})
`

/** Answers its text word by word, and fails at the word `fail`. */
const TALK = `
import { defineHandler } from 'onnxserve/handler'

const text = (name) => ({ name, dtype: 'BYTES', shape: [-1] })

export default defineHandler({
  signature: { inputs: [text('text_input')], outputs: [text('text_output')] },
  handle: (requests) => requests.map(({ tensors, stream }) => {
    for (const word of tensors[0].data[0].split(' ')) {
      if (word === 'fail') return new Error('no more words')
      stream.write(word)
    }
    return undefined
  }),
})
`

/** Identity models by their name: data type and shape. */
const IDENTITIES: Readonly<Record<string, readonly [dtype: OnnxType, shape: Shape]>> = {
  id_fp32: ['FP32', ['rows', 'columns']],
  id_fp64: ['FP64', ['rows']],
  id_fp16: ['FP16', ['rows']],
  id_int8: ['INT8', ['rows']],
  id_int64: ['INT64', ['rows']],
  id_uint64: ['UINT64', ['rows']],
  id_bool: ['BOOL', ['rows']],
  id_bytes: ['BYTES', ['rows']],
  pairs: ['BYTES', ['rows', 2]],
  fixed: ['FP32', [2, 2]],
  free: ['FP32', [2, 'a', 'b']],
  scalar: ['FP32', []],
  idle: ['FP32', ['rows']],
}

/** The models that the assertions speak of. */
export async function packOipStore(modelStore: string): Promise<void> {
  for (const [modelName, [dtype, shape]] of Object.entries(IDENTITIES)) {
    await packTestArchive(modelStore, { modelName, model: identityModel(dtype, shape) })
  }
  await packTestArchive(modelStore, {
    modelName: 'addsub',
    model: addSubModel(),
    config: 'maxRequestRows: 8\n',
  })
  const small = { model: identityModel('FP32', ['rows']), config: 'maxRequestBytes: 1000\n' }
  await packTestArchive(modelStore, { modelName: 'small', ...small })
  await packTestArchive(modelStore, { modelName: 'optional', handler: OPTIONAL })
  await packTestArchive(modelStore, { modelName: 'strings', handler: STRINGS })
  await packTestArchive(modelStore, { modelName: 'talk', handler: TALK })
  await packTestArchive(modelStore, {
    modelName: 'sequence',
    model: identityModel('FP32', ['rows']),
    config: 'sequenceBatching:\n  maxSequences: 4\n',
  })
  const preferred = 'maxBatchRows: 8\nmaxBatchDelayMs: 60000\nscheduling:\n  preferredBatchRows: [2, 6]\n'
  const table = identityModel('FP32', ['rows', 'columns'])
  await packTestArchive(modelStore, { modelName: 'preferred', model: table, config: preferred })
  await packTestArchive(modelStore, { modelName: 'shapes', model: table, config: preferred })
  const ordered = 'minWorkers: 2\nmaxWorkers: 2\nmaxBatchRows: 1\nscheduling:\n  preserveOrdering: true\n'
  await packTestArchive(modelStore, { modelName: 'ordered', handler: OPTIONAL, config: ordered })
  for (const modelName of NOT_LOADED) await packTestArchive(modelStore, { modelName, handler: OPTIONAL })
  await packTestArchive(modelStore, { modelName: 'broken', model: brokenModel() })
  await packTestArchive(modelStore, { modelName: 'overridden', model: table })
  const narrow = 'maxQueuedRequests: 1\nmaxBatchRows: 1\n'
  await packTestArchive(modelStore, { modelName: 'narrow', handler: OPTIONAL, config: narrow })
}

/** Assertions load them. */
const NOT_LOADED = ['leaving', 'reloaded']

/** Those that are loaded at the start. */
export const LOADED = [
  ...Object.keys(IDENTITIES),
  'addsub',
  'small',
  'optional',
  'strings',
  'narrow',
  'ordered',
  'preferred',
  'shapes',
  'sequence',
  'talk',
].filter((name) => name !== 'idle')

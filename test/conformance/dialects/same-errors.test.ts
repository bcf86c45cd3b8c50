import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { packTestArchive } from '../../support/archives.ts'
import { http } from '../../support/http-client.ts'
import { stringIdentity, twoInputAdd } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { tensorOf } from './values.ts'
import type { Inference, Outcome, Wire } from './wire.ts'
import { WIRES } from './wires.ts'

const OUTPUTS = [{ name: 'sum', dtype: 'FP32' }] as const
const fp32 = (name: string, shape: readonly number[]) => tensorOf(name, 'FP32', { shape, values: [1, 2] })
const A = fp32('a', [1, 2])
const B = fp32('b', [1, 2])

type Case = {
  readonly it: string
  readonly model?: string
  readonly version?: string
  readonly inputs?: readonly Tensor[]
  readonly code: string
  readonly message: RegExp
  /** Wires on which the mistake cannot be made, and why. */
  readonly impossible?: { readonly wires: RegExp; readonly reason: string }
}

const CHECKED_BEFORE = {
  wires: /client/,
  reason: 'the client knows the schema, and sends no such request',
}

const CASES: readonly Case[] = [
  { it: 'an unknown model', model: 'nobody', code: 'not_found', message: /nobody/ },
  { it: 'an unknown version', version: '7', code: 'not_found', message: /7/ },
  {
    it: 'a model without workers',
    model: 'idle',
    code: 'unavailable',
    message: /idle/,
    impossible: CHECKED_BEFORE,
  },
  {
    it: 'an unknown input',
    inputs: [A, B, fp32('c', [1, 2])],
    code: 'invalid_argument',
    message: /'?c'?/,
    impossible: {
      wires: /client|columns/,
      reason: 'the client knows the schema, and columns that are not asked for are ignored in TF Serving',
    },
  },
  {
    it: 'a missing input',
    inputs: [A],
    code: 'invalid_argument',
    message: /'?b'?/,
    impossible: CHECKED_BEFORE,
  },
  {
    it: 'a dimension that does not fit',
    inputs: [fp32('a', [1, 3]), B],
    code: 'invalid_argument',
    message: /\ba\b/,
    impossible: CHECKED_BEFORE,
  },
  {
    it: 'a dimension too many',
    inputs: [fp32('a', [1, 2, 2]), B],
    code: 'invalid_argument',
    message: /\ba\b/,
    impossible: CHECKED_BEFORE,
  },
  {
    it: 'inputs of different row counts',
    inputs: [fp32('a', [2, 2]), B],
    code: 'invalid_argument',
    message: /\b(a|b|rows?)\b/,
    impossible: { wires: /rows/, reason: 'a row has all inputs' },
  },
  {
    it: 'text for numbers',
    inputs: [tensorOf('a', 'BYTES', { shape: [1, 2], values: ['x', 'y'] }), B],
    code: 'invalid_argument',
    message: /\ba\b/,
    impossible: CHECKED_BEFORE,
  },
  {
    it: 'a string that the engine would cut at its NUL',
    model: 'text',
    inputs: [tensorOf('x', 'BYTES', { shape: [1], values: ['a\0b'] })],
    code: 'invalid_argument',
    message: /'x' has a string with a NUL character/,
  },
]

describe('the same mistake', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  const infer = (wire: Wire, { model = 'add', version, inputs = [A, B] }: Case): Promise<Outcome> => {
    const request: Inference = {
      model,
      inputs,
      outputs: OUTPUTS,
      ...(version === undefined ? {} : { version }),
    }
    return wire.infer({ http: server.inference, grpc: server.grpcInference }, request)
  }

  before(async () => {
    modelStore = await temporaryDirectory()
    for (const modelName of ['add', 'idle'])
      await packTestArchive(modelStore, { modelName, version: '1', model: twoInputAdd() })
    await packTestArchive(modelStore, { modelName: 'text', version: '1', model: stringIdentity() })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'add.mar,text.mar'] })
    await http(`${server.management}/models?url=idle.mar&initial_workers=0`, { method: 'POST' })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  for (const wire of WIRES) {
    describe(`over ${wire.name}`, () => {
      for (const each of CASES) {
        if (each.impossible?.wires.test(wire.name) === true) {
          it(`${each.it}: not made, for ${each.impossible.reason}`)
          continue
        }
        it(`is ${each.code} for ${each.it}`, async () => {
          const outcome = await infer(wire, each)
          const failure = outcome.ok ? undefined : outcome.failure
          assert.equal(failure?.code, each.code)
          assert.match(failure?.message ?? '', each.message)
        })
      }
    })
  }
})

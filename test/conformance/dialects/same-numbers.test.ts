import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { packTestArchive } from '../../support/archives.ts'
import { mlp } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { identityOfEveryType, RANKS } from './models.ts'
import { sessionRun } from './reference.ts'
import { everyType, tensorOf } from './values.ts'
import type { Inference } from './wire.ts'
import { WIRES } from './wires.ts'

type Case = { readonly it: string; readonly model: string; readonly inputs: readonly Tensor[] }

const nameOfRank = (rank: number) => `rank-${rank}`
const GRAPHS = new Map<string, Uint8Array>([
  ...RANKS.map((rank) => [nameOfRank(rank), identityOfEveryType(rank)] as const),
  ['mlp', mlp([4, 16, 3], 7)],
])

const identityCase = (claim: string, shape: readonly number[]): Case => ({
  it: claim,
  model: nameOfRank(shape.length),
  inputs: everyType(shape),
})

const CASES: readonly Case[] = [
  identityCase('a scalar of every type', []),
  identityCase('a vector of every type', [5]),
  identityCase('a single element of every type', [1]),
  identityCase('two dimensions of every type', [4, 1]),
  identityCase('three dimensions of every type', [2, 2, 1]),
  identityCase('four dimensions of every type', [2, 1, 2, 1]),
  identityCase('five dimensions of every type', [1, 2, 1, 2, 1]),
  identityCase('six dimensions of every type', [2, 1, 1, 2, 1, 1]),
  identityCase('no element of every type', [0]),
  identityCase('no rows of every type', [0, 3]),
  identityCase('rows without elements of every type', [2, 0]),
  identityCase('an empty dimension in the middle of every type', [2, 0, 2]),
  {
    it: 'one row through a network',
    model: 'mlp',
    inputs: [tensorOf('x', 'FP32', { shape: [1, 4], values: [0.1, -2.5, 1e-6, 3] })],
  },
  {
    it: 'several rows through a network',
    model: 'mlp',
    inputs: [tensorOf('x', 'FP32', { shape: [3, 4], values: [0.3, 1, -1, 7.25, 1e3] })],
  },
]

const byName = (a: Pick<Tensor, 'name'>, b: Pick<Tensor, 'name'>) => (a.name < b.name ? -1 : 1)

describe('the same prediction', function () {
  this.timeout(120_000)
  let modelStore: string
  let server: ServerProcess
  const expected = new Map<Case, readonly Tensor[]>()

  before(async () => {
    modelStore = await temporaryDirectory()
    for (const [modelName, model] of GRAPHS)
      await packTestArchive(modelStore, { modelName, version: '1', model })
    for (const each of CASES) {
      const graph = GRAPHS.get(each.model) ?? new Uint8Array()
      expected.set(each, [...(await sessionRun(graph, each.inputs))].sort(byName))
    }
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  for (const wire of WIRES) {
    describe(`over ${wire.name}`, () => {
      for (const each of CASES) {
        const reason = wire.cannotCarry(each.inputs)
        if (reason !== undefined) {
          it(`${each.it}: not carried, for ${reason}`)
          continue
        }
        it(`is what the engine answers to ${each.it}, bit for bit`, async () => {
          const outputs = expected.get(each) ?? []
          const target = { http: server.inference, grpc: server.grpcInference }
          const request: Inference = { model: each.model, version: '1', inputs: each.inputs, outputs }
          const outcome = await wire.infer(target, request)
          assert.deepEqual(
            { ...outcome, outputs: outcome.ok ? [...outcome.outputs].sort(byName) : [] },
            { ok: true, outputs },
          )
        })
      }
    })
  }
})

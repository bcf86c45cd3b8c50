import assert from 'node:assert/strict'
import { freePorts, untilListening } from '../../support/free-ports.ts'
import { tokenText } from '../../support/tokens.ts'
import type { WiredServer } from './wired-server.ts'
import type { WireKind } from './wires.ts'

/** An assertion about how a server is started, and how it ends. */
export type LifeAssertion = {
  readonly number: number
  readonly it: string
  /** The server has not started yet. */
  readonly run: (side: { readonly server: WiredServer; readonly open: WireKind['open'] }) => Promise<void>
}

const LOAD_ALL = ['--load-models', 'all']
const TOKENS = {
  ONNXSERVE_INFERENCE_TOKEN: tokenText('inference'),
  ONNXSERVE_MANAGEMENT_TOKEN: tokenText('management'),
}

export const LIFE_ASSERTIONS: readonly LifeAssertion[] = [
  {
    number: 3,
    it: 'a server whose model loads is not ready',
    run: async ({ server, open }) => {
      const [http = 0, grpc = 0] = await freePorts(2)
      const inference = `http://127.0.0.1:${http}`
      await server.packGated('gated', '', 1)
      const ports = ['--inference-address', inference, '--grpc-inference-port', String(grpc)]
      const started = server.start({ args: [...LOAD_ALL, ...ports] })
      await server.gate.held(1)
      await untilListening([http, grpc])
      const wire = open({ inference, grpcInference: `127.0.0.1:${grpc}` })
      assert.equal(await wire.isReady(), false)
      await server.gate.open(1)
      await started
      assert.equal(await wire.isReady(), true)
    },
  },
  {
    number: 74,
    it: 'nothing is loaded or unloaded where models are not controlled explicitly',
    run: async ({ server, open }) => {
      await server.packIdentity('identity')
      await server.start({ args: LOAD_ALL })
      const wire = open(server.process)
      assert.equal((await wire.load('identity')).is, 'FAILED_PRECONDITION')
      assert.equal((await wire.unload('identity')).is, 'FAILED_PRECONDITION')
      assert.deepEqual(await wire.infer({ model: 'identity', data: [7] }), { is: 'ok', data: [7] })
    },
  },
  {
    number: 88,
    it: 'tokens: none, another and the right one, for inference and for the control of models',
    run: async ({ server, open }) => {
      await server.packIdentity('identity')
      await server.start({ environment: TOKENS })
      const endings = async (token?: string) => {
        const { inference, grpcInference } = server.process
        const wire = open({ inference, grpcInference, ...(token === undefined ? {} : { token }) })
        return [(await wire.load('identity')).is, (await wire.infer({ model: 'identity', data: [7] })).is]
      }
      assert.deepEqual(await endings(), ['UNAUTHENTICATED', 'UNAUTHENTICATED'])
      assert.deepEqual(await endings(tokenText('unknown')), ['UNAUTHENTICATED', 'UNAUTHENTICATED'])
      assert.deepEqual(await endings(TOKENS.ONNXSERVE_MANAGEMENT_TOKEN), ['ok', 'PERMISSION_DENIED'])
      assert.deepEqual(await endings(TOKENS.ONNXSERVE_INFERENCE_TOKEN), ['PERMISSION_DENIED', 'ok'])
    },
  },
  {
    number: 96,
    it: 'SIGTERM: requests in flight finish, the server is not ready, and it exits with 0',
    run: async ({ server, open }) => {
      await server.packGated('gated')
      await server.start({ args: LOAD_ALL })
      const wire = open(server.process)
      const running = wire.infer({ model: 'gated', data: [1] })
      await server.gate.held(1)
      const queued = wire.infer({ model: 'gated', data: [2] })
      await server.waiting('gated', 1)
      assert.equal(await wire.isReady(), true)
      const exited = server.process.stop()
      while (await wire.isReady());
      await server.gate.open(1, 2)
      assert.deepEqual([(await running).data, (await queued).data], [[1], [2]])
      assert.equal(await exited, 0)
    },
  },
]

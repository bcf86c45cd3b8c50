import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { COMPATIBILITIES } from '../../../frontend/protocols/torchserve/quirks.ts'
import { GrpcClient, INFERENCE, MANAGEMENT } from '../../support/grpc-client.ts'
import { runCases, type Case, type Expected } from './case.ts'
import { ConformanceServer } from './conformance-server.ts'

const INFERENCE_TOKEN = '5f0c8c1e9a7b4d2f8e6a3c5b7d9f1e2a'
const MANAGEMENT_TOKEN = '9b3e7f1a5c8d2046e1f3a7b9c5d8e204'
const TOKENS = [
  { name: 'shop', token: INFERENCE_TOKEN, scopes: ['inference'] },
  { name: 'operator', token: MANAGEMENT_TOKEN, scopes: ['management', 'metrics'] },
]

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const ROW = { body: '{"x":[[1,2,3,4]]}' }
const JSON_TYPE = { 'content-type': 'application/json' }

const NO_TOKEN: Expected = {
  status: 401,
  error: 'InvalidKeyException',
  headers: { 'www-authenticate': /^Bearer/ },
}
const WRONG_SCOPE: Expected = { status: 403, error: 'InvalidKeyException' }
/** TorchServe's answer to any token that does not do. */
const BAD_KEY: Expected = { status: 400, error: 'InvalidKeyException' }
const DISABLED: Expected = { status: 405, error: 'MethodNotAllowedException' }

/** §1, §2, §13: what asks for tokens, and what is answered without the right one. */
const CASES: readonly Case[] = [
  {
    it: '§13 no token',
    listener: 'inference',
    path: '/predictions/tiny',
    ...ROW,
    strict: NO_TOKEN,
    torchserve: BAD_KEY,
  },
  {
    it: '§13 an unknown token',
    listener: 'inference',
    path: '/predictions/tiny',
    ...ROW,
    headers: bearer('0'.repeat(64)),
    strict: NO_TOKEN,
    torchserve: BAD_KEY,
  },
  {
    it: '§13 a token of another scope',
    listener: 'inference',
    path: '/predictions/tiny',
    ...ROW,
    headers: bearer(MANAGEMENT_TOKEN),
    strict: WRONG_SCOPE,
    torchserve: BAD_KEY,
  },
  {
    it: '§13 the right token',
    listener: 'inference',
    path: '/predictions/tiny',
    ...ROW,
    headers: { ...bearer(INFERENCE_TOKEN), ...JSON_TYPE },
    strict: { status: 200, body: /"y"/ },
  },
  {
    it: '§1 health without a token',
    listener: 'inference',
    path: '/ping',
    strict: { status: 200 },
    torchserve: BAD_KEY,
  },
  {
    it: '§1 the description without a token',
    listener: 'inference',
    path: '/api-description',
    strict: NO_TOKEN,
    torchserve: { status: 200 },
  },
  {
    it: '§13 management without a token',
    listener: 'management',
    path: '/models',
    strict: NO_TOKEN,
    torchserve: BAD_KEY,
  },
  {
    it: '§13 management with a token for predictions',
    listener: 'management',
    path: '/models',
    headers: bearer(INFERENCE_TOKEN),
    strict: WRONG_SCOPE,
    torchserve: BAD_KEY,
  },
  {
    it: '§4 listing while the model API is off',
    listener: 'management',
    path: '/models',
    headers: bearer(MANAGEMENT_TOKEN),
    strict: { status: 200, body: /"tiny"/ },
  },
  {
    it: '§4 registering while the model API is off',
    listener: 'management',
    method: 'POST',
    path: '/models?url=tiny.mar',
    headers: bearer(MANAGEMENT_TOKEN),
    strict: DISABLED,
  },
  {
    it: '§4 unregistering while the model API is off',
    listener: 'management',
    method: 'DELETE',
    path: '/models/tiny',
    headers: bearer(MANAGEMENT_TOKEN),
    strict: DISABLED,
  },
  {
    it: '§4 scaling while the model API is off',
    listener: 'management',
    method: 'PUT',
    path: '/models/tiny?min_worker=1&synchronous=true',
    headers: bearer(MANAGEMENT_TOKEN),
    strict: { status: 200 },
  },
  {
    it: '§1 metrics without a token',
    listener: 'metrics',
    path: '/metrics',
    strict: NO_TOKEN,
    torchserve: { status: 200 },
  },
]

const GRPC_CASES = [
  { it: 'no token', metadata: {}, strict: status.UNAUTHENTICATED, torchserve: status.PERMISSION_DENIED },
  {
    it: 'a token of another scope',
    metadata: bearer(MANAGEMENT_TOKEN),
    strict: status.PERMISSION_DENIED,
    torchserve: status.PERMISSION_DENIED,
  },
]

for (const compatibility of COMPATIBILITIES) {
  describe(`access to TorchServe's APIs, ${compatibility}`, function () {
    this.timeout(60_000)
    let server: ConformanceServer

    before(async () => {
      server = await ConformanceServer.startGuarded(compatibility, TOKENS)
    })

    after(async () => {
      await server.stop()
    })

    runCases(CASES, compatibility, () => server)

    describe('over gRPC', () => {
      let inference: GrpcClient
      let management: GrpcClient
      const request = { model_name: 'tiny', input: { x: Buffer.from('[[1,2,3,4]]') } }

      before(() => {
        inference = new GrpcClient(server.grpcInference, INFERENCE)
        management = new GrpcClient(server.grpcManagement, MANAGEMENT)
      })

      after(() => {
        inference.close()
        management.close()
      })

      for (const c of GRPC_CASES) {
        it(`§6 Predictions: ${c.it}`, async () => {
          const { code } = await inference.failure('Predictions', request, { metadata: c.metadata })
          assert.equal(code, c[compatibility])
        })
      }

      it('§6 Predictions: the right token', async () => {
        const { message } = await inference.unary('Predictions', request, {
          metadata: bearer(INFERENCE_TOKEN),
        })
        assert.match(String(message['prediction']), /"y"/)
      })

      it('§6 RegisterModel: while the model API is off', async () => {
        const { code } = await management.failure(
          'RegisterModel',
          { url: 'tiny.mar' },
          { metadata: bearer(MANAGEMENT_TOKEN) },
        )
        assert.equal(code, status.PERMISSION_DENIED)
      })
    })
  })
}

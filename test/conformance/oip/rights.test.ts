import assert from 'node:assert/strict'
import type { ServiceDefinition } from '@grpc/proto-loader'
import { DEFINITIONS, GrpcClient, OIP } from '../../support/grpc-client.ts'
import { http } from '../../support/http-client.ts'
import { bearer, tokenText } from '../../support/tokens.ts'
import { outcomeOf } from './grpc-assertion.ts'
import { MANAGING_RPCS, OPEN_PATHS, OPEN_RPCS, RIGHTS_NUMBER, ROUTES } from './rights.ts'
import { WiredServer } from './wired-server.ts'

const INFERENCE = tokenText('inference')
const MANAGEMENT = tokenText('management')
const RPCS = Object.keys(DEFINITIONS[OIP] as ServiceDefinition) // it is a service

const REFUSALS = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', '401', '403'])

describe('Open Inference Protocol, tokens, assertion', function () {
  this.timeout(60_000)
  let server: WiredServer
  let client: GrpcClient
  before(async () => {
    server = await WiredServer.create()
    await server.packIdentity('identity')
    await server.start({
      args: ['--load-models', 'all', '--model-control-mode', 'explicit'],
      environment: { ONNXSERVE_INFERENCE_TOKEN: INFERENCE, ONNXSERVE_MANAGEMENT_TOKEN: MANAGEMENT },
    })
    client = new GrpcClient(server.process.grpcInference, OIP)
  })
  after(async () => {
    client.close()
    await server.remove()
  })

  /** With no token, with one for other things, and whether the right one is let in. */
  async function triesOf(ask: (token?: string) => Promise<string>, isManaging: boolean) {
    const [wrong, right] = isManaging ? [INFERENCE, MANAGEMENT] : [MANAGEMENT, INFERENCE]
    return [await ask(), await ask(wrong), REFUSALS.has(await ask(right))]
  }

  for (const [scope, routes] of Object.entries(ROUTES)) {
    for (const route of routes) {
      it(`${RIGHTS_NUMBER}: ${route} asks for one of ${scope}`, async () => {
        const [method = '', path = ''] = route.split(' ')
        const ask = async (token?: string) => {
          const headers = token === undefined ? {} : { authorization: bearer(token) }
          const call = { method, headers, ...(method === 'POST' ? { body: '[]' } : {}) }
          return String((await http(server.process.inference + path, call)).status)
        }
        assert.deepEqual(await triesOf(ask, scope === 'management'), ['401', '403', false])
      })
    }
  }

  for (const rpc of RPCS.filter((each) => !OPEN_RPCS.includes(each))) {
    const isManaging = MANAGING_RPCS.includes(rpc)
    it(`${RIGHTS_NUMBER}: ${rpc} asks for one of ${isManaging ? 'management' : 'inference'}`, async () => {
      const ask = async (token?: string) => {
        const metadata: Record<string, string> = token === undefined ? {} : { authorization: bearer(token) }
        const request = { name: 'unknown', model_name: 'unknown' }
        return (await outcomeOf(client, rpc, request, { metadata })).code
      }
      const expected = ['UNAUTHENTICATED', 'PERMISSION_DENIED', false]
      assert.deepEqual(await triesOf(ask, isManaging), expected)
    })
  }

  for (const path of OPEN_PATHS) {
    it(`${RIGHTS_NUMBER}: GET ${path} asks for none`, async () => {
      assert.equal((await http(server.process.inference + path)).status, 200)
    })
  }
  for (const rpc of OPEN_RPCS) {
    it(`${RIGHTS_NUMBER}: ${rpc} asks for none`, async () => {
      assert.equal((await outcomeOf(client, rpc, { name: 'identity' })).code, 'OK')
    })
  }
})

import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { COMPATIBILITIES } from '../../../frontend/protocols/torchserve/quirks.ts'
import { GrpcClient, INFERENCE, MANAGEMENT } from '../../support/grpc-client.ts'
import { ConformanceServer } from './conformance-server.ts'
import { GRPC_CASES, type GrpcExpected } from './grpc-cases.ts'

type Clients = Readonly<Record<'inference' | 'management', GrpcClient>>

for (const compatibility of COMPATIBILITIES) {
  describe(`TorchServe's gRPC API, ${compatibility}`, function () {
    this.timeout(60_000)
    let server: ConformanceServer
    let clients: Clients

    before(async () => {
      server = await ConformanceServer.start(compatibility)
      clients = {
        inference: new GrpcClient(server.grpcInference, INFERENCE),
        management: new GrpcClient(server.grpcManagement, MANAGEMENT),
      }
    })

    after(async () => {
      clients.inference.close()
      clients.management.close()
      await server.stop()
    })

    for (const c of GRPC_CASES) {
      it(`§6 ${c.method}: ${c.it}`, async () => {
        const outcome = clients[c.service].unary(c.method, c.request, {
          ...(c.metadata === undefined ? {} : { metadata: c.metadata }),
          ...(c.deadlineMs === undefined ? {} : { deadline: Date.now() + c.deadlineMs }),
        })
        await expectOutcome(outcome, compatibility === 'torchserve' ? (c.torchserve ?? c.strict) : c.strict)
      })
    }

    it('§6 StreamPredictions: the pieces of a handler, each a message', async () => {
      const request = { model_name: 'stream', input: { body: Buffer.from('x') } }
      const { messages, code } = await clients.inference.stream('StreamPredictions', request).ended
      assert.deepEqual(
        messages.map(({ prediction }) => String(prediction)),
        ['one ', 'two ', 'three'],
      )
      assert.equal(code, status.OK)
    })

    it('§6 StreamPredictions: a handler that fails in the middle', async () => {
      const request = { model_name: 'stream', input: { body: Buffer.from('break') } }
      const { messages, code } = await clients.inference.stream('StreamPredictions', request).ended
      assert.deepEqual(
        messages.map(({ prediction }) => String(prediction)),
        ['one ', 'two '],
      )
      assert.equal(code, status.INTERNAL)
    })
  })
}

async function expectOutcome(
  outcome: Promise<{ readonly message: Readonly<Record<string, unknown>> }>,
  expected: GrpcExpected,
): Promise<void> {
  if ('code' in expected) {
    const { code, details } = expected
    await assert.rejects(outcome, details === undefined ? { code } : { code, details })
    return
  }
  const { message } = await outcome
  for (const [name, pattern] of Object.entries(expected.message)) assert.match(String(message[name]), pattern)
}

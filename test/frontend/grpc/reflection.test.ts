import { Client, credentials } from '@grpc/grpc-js'
import type { MessageTypeDefinition, MethodDefinition, ServiceDefinition } from '@grpc/proto-loader'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { HEALTH, INFERENCE, MANAGEMENT } from '../../support/grpc-client.ts'
import { GrpcFixture } from '../../support/grpc-fixture.ts'
import { REFLECTION_VERSIONS, ReflectionClient } from '../../support/reflection-client.ts'

describe('reflection', () => {
  let server: GrpcFixture
  let client: ReflectionClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
  })
  afterEach(async () => {
    client.close()
    await server.close()
  })

  for (const version of REFLECTION_VERSIONS) {
    it(`${version} names the services of each listener`, async () => {
      const found = []
      for (const target of server.targets) {
        client = new ReflectionClient(target, version)
        found.push(await client.services())
        client.close()
      }
      assert.deepEqual(found, [
        [HEALTH, INFERENCE],
        [HEALTH, MANAGEMENT],
      ])
    })
  }

  for (const service of [INFERENCE, MANAGEMENT, HEALTH]) {
    it(`tells all that a client of ${service} needs`, async () => {
      client = new ReflectionClient(server.targets[service === MANAGEMENT ? 1 : 0] ?? '', 'v1')
      const definition = (await client.definitionsOf(service))[service]
      assert.ok(definition !== undefined && Object.keys(definition).length > 2)
    })
  }

  it('is enough to call a method', async () => {
    const [target = ''] = server.targets
    client = new ReflectionClient(target, 'v1alpha')
    const service = (await client.definitionsOf(INFERENCE))[INFERENCE] as ServiceDefinition
    const { path, requestSerialize, responseDeserialize } = service['Predictions'] as MethodDefinition<
      object,
      object
    >
    const caller = new Client(target, credentials.createInsecure())
    // protobuf.js reads a map of a descriptor as the entries that it is on the wire.
    const request = { model_name: 'digits', input: [{ key: 'data', value: Buffer.from('7') }] }
    const reply = await new Promise<object | undefined>((resolve, reject) => {
      caller.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, message) => {
        if (error === null) resolve(message)
        else reject(error)
      })
    })
    caller.close()
    assert.equal(String((reply as { prediction: Buffer }).prediction), '{"7":0.9}')
    assert.deepEqual(server.dataPlane.payloads, [
      { kind: 'parts', parts: [{ name: 'data', bytes: Buffer.from('7') }] },
    ])
  })

  it('names the entry of a map as clients in Go demand it', async () => {
    client = new ReflectionClient(server.targets[0] ?? '', 'v1')
    const definitions = await client.definitionsOf(INFERENCE)
    const { type } = definitions[
      'org.pytorch.serve.grpc.inference.PredictionsRequest'
    ] as MessageTypeDefinition<object, object>
    const { nestedType } = type as { nestedType: { name: string; options: { mapEntry: boolean } }[] }
    assert.deepEqual(
      nestedType.map(({ name, options }) => [name, options.mapEntry]),
      [['InputEntry', true]],
    )
  })

  it('does not keep the listener from closing', async () => {
    client = new ReflectionClient(server.targets[0] ?? '', 'v1')
    await client.services()
    const stream = client.open()
    const ended = once(stream, 'error') as Promise<[{ details: string }]>
    stream.write({ list_services: '*' })
    await once(stream, 'data')
    await server.listeners[0]?.close(60_000)
    assert.match((await ended)[0].details, /shutting down/)
  })
})

import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { packTestArchive } from '../support/archives.ts'
import { GrpcClient, HEALTH, INFERENCE, MANAGEMENT } from '../support/grpc-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

/** Says the words of the request one by one; `fail` makes it throw, `slow` makes it take its time. */
const TALKER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    return Promise.all(requests.map(talk))
  },
})

async function talk(request) {
  for (const word of Buffer.from(request.parts[0].bytes).toString().split(' ')) {
    if (word === 'fail') throw new Error('out of words')
    if (word === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
    else if (word === 'header') request.stream.write(request.headers['x-mine'])
    else request.stream.write(word)
  }
  return '.'
}
`

/** Adds up the numbers of each sequence. */
const ADDER = `
import { defineHandler } from 'onnxserve/handler'

const sums = new Map()

export default defineHandler({
  handle(requests) {
    return requests.map((request) => {
      const id = request.headers.ts_request_sequence_id
      const sum = (sums.get(id) ?? 0) + Number(Buffer.from(request.parts[0].bytes).toString())
      sums.set(id, sum)
      return String(sum)
    })
  },
})
`

function words(text: string, more = {}) {
  return { model_name: 'talker', input: { data: Buffer.from(text) }, ...more }
}

function textOf(message: Record<string, unknown>): string {
  return (message['prediction'] as Buffer).toString()
}

describe('the built server over gRPC', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let clients: GrpcClient[]
  let inference: GrpcClient
  let management: GrpcClient

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    await packTestArchive(modelStore, { modelName: 'talker', handler: TALKER })
    await packTestArchive(modelStore, {
      modelName: 'adder',
      handler: ADDER,
      config: 'sequenceBatching: {}\n',
    })
    server = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'talker.mar,adder.mar', '--sequence-id-header', 'x-conversation'],
    })
    inference = new GrpcClient(server.grpcInference, INFERENCE)
    management = new GrpcClient(server.grpcManagement, MANAGEMENT)
    clients = [inference, management]
  })

  after(async () => {
    for (const client of clients) client.close()
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('registers a model, serves it, and takes it away again', async () => {
    const registered = await management.unary('RegisterModel', {
      url: 'tiny.mar',
      initial_workers: 1,
      synchronous: true,
    })
    assert.match(
      String(registered.message['msg']),
      /Model "tiny" version 1\.0 registered with 1 initial workers/,
    )
    const request = { model_name: 'tiny', input: { x: Buffer.from('[[1,2,3,4]]') } }
    const { y } = JSON.parse(textOf((await inference.unary('Predictions', request)).message)) as {
      y: number[][]
    }
    assert.equal(y[0]?.length, 3)
    await management.unary('UnregisterModel', { model_name: 'tiny' })
    assert.equal((await inference.failure('Predictions', request)).code, status.NOT_FOUND)
  })

  it('gives the handler the metadata of the call', async () => {
    const { message } = await inference.unary('Predictions', words('header'), {
      metadata: { 'x-mine': 'mine' },
    })
    assert.equal(textOf(message), 'mine.')
  })

  it('streams what the handler streams', async () => {
    const { messages, code } = await inference.stream('StreamPredictions', words('one two')).ended
    assert.deepEqual([messages.map(textOf), code], [['one', 'two', '.'], status.OK])
  })

  it('ends the stream of a handler that fails after its first piece with a status', async () => {
    const { messages, code } = await inference.stream('StreamPredictions', words('one fail')).ended
    assert.deepEqual([messages.map(textOf), code], [['one'], status.INTERNAL])
  })

  it('keeps the state of a sequence over a stream', async () => {
    const stream = inference.bidi('StreamPredictions2')
    const number = (value: number, more = {}) => ({
      model_name: 'adder',
      input: { data: Buffer.from(String(value)) },
      ...more,
    })
    stream.write(number(1))
    const { sequence_id: id } = await stream.next()
    for (const value of [2, 3]) stream.write(number(value, { sequence_id: id }))
    stream.end()
    assert.deepEqual((await stream.ended).messages.map(textOf), ['1', '3', '6'])
  })

  it('keeps the state of a sequence that metadata names, as the settings call it', async () => {
    const call = (value: number) =>
      inference.unary(
        'Predictions',
        { model_name: 'adder', input: { data: Buffer.from(String(value)) } },
        { metadata: { 'x-conversation': 'c1' } },
      )
    assert.equal(textOf((await call(4)).message), '4')
    const { message } = await call(5)
    assert.deepEqual([textOf(message), message['sequence_id']], ['9', 'c1'])
  })

  it('ends a call at its deadline', async () => {
    const error = await inference.failure('Predictions', words('slow slow'), { deadline: Date.now() + 100 })
    assert.equal(error.code, status.DEADLINE_EXCEEDED)
  })

  it('logs each call with its status and request id', async () => {
    await inference.failure('Predictions', words('', { model_name: 'nothing' }), {
      metadata: { 'x-request-id': 'find-me' },
    })
    const [line] = await server.untilOutput(/^.*find-me.*$/m)
    const { method, path, grpcStatus } = JSON.parse(line) as Record<string, unknown>
    assert.deepEqual([method, path, grpcStatus], ['gRPC', `/${INFERENCE}/Predictions`, 'NOT_FOUND'])
  })

  it('finishes what it was asked before it stops, and tells who watches its health', async () => {
    const other = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'talker.mar', '--state-dir', `${modelStore}/other`],
    })
    const client = new GrpcClient(other.grpcInference, INFERENCE)
    const health = new GrpcClient(other.grpcInference, HEALTH)
    const watch = health.stream('Watch', { service: '' })
    assert.deepEqual(await watch.next(), { status: 'SERVING' })
    const stream = client.stream('StreamPredictions', words('one slow two'))
    assert.equal(textOf(await stream.next()), 'one')
    const stopped = other.stop()
    assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' })
    const { messages, code } = await stream.ended
    assert.deepEqual([messages.map(textOf), code], [['one', 'two', '.'], status.OK])
    assert.equal(await stopped, 0)
    client.close()
    health.close()
  })

  it('is not there when it is switched off', async () => {
    const other = await ServerProcess.start({
      modelStore,
      args: ['--enable-grpc-api', 'false', '--state-dir', `${modelStore}/off`],
    })
    assert.doesNotMatch(other.output, /gRPC/)
    assert.equal(await other.stop(), 0)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { residentBytes } from '../../frontend/core/process-memory.ts'
import { packTestArchive } from '../support/archives.ts'
import { GrpcClient, HEALTH, INFERENCE, OIP, TF_PREDICTION } from '../support/grpc-client.ts'
import { http } from '../support/http-client.ts'
import { answerOf, Http2Client } from '../support/http2-client.ts'
import { identity } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

/** Says a word at once, and another one later. */
const TALKER = `
import { setTimeout } from 'node:timers/promises'
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    for (const request of requests) request.stream.write('one ')
    await setTimeout(500)
    return requests.map(() => 'two')
  },
})
`

const JSON_BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [0.5, -1] }],
})
const INFER = '/v2/models/net/infer'

/** 40 rows of JSON, packed by the library zstd. */
const ZSTD_BODY = Buffer.from(
  'KLUv/WCDAE0CAKQDeyJpbnB1dHMiOlt7Im5hbWUiOiJ4IiwiZGF0YXR5cEZQMzIiLCJzaGFbNDAsMl0iOlswLjUsXX1dfQQAODtliMICDC3WdAI=',
  'base64',
)

const RAW_REQUEST = {
  model_name: 'net',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
  raw_input_contents: [Buffer.from(Float32Array.of(0.5, -1).buffer)],
}
const PREDICT_REQUEST = {
  model_spec: { name: 'net' },
  inputs: {
    x: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 1 }, { size: 2 }] }, float_val: [0.5, -1] },
  },
}

function dataIn(text: string): unknown {
  return (JSON.parse(text) as { outputs: [{ data: unknown }] }).outputs[0].data
}

describe('the built server on one port', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let opened: { close(): void }[]

  const http2 = () => {
    const client = new Http2Client(server.inference)
    opened.push({ close: () => void client.destroy() })
    return client
  }
  const grpc = (service: string) => {
    const client = new GrpcClient(new URL(server.inference).host, service)
    opened.push(client)
    return client
  }

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'net', model: identity('FP32') })
    await packTestArchive(modelStore, { modelName: 'talker', handler: TALKER })
  })
  beforeEach(async () => {
    opened = []
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all', '--one-port', 'true'] })
  })
  afterEach(async () => {
    for (const each of opened) each.close()
    await server.stop()
  })
  after(() => removeDirectory(modelStore))

  it('answers HTTP/1.1, HTTP/2 and every gRPC service, all at once', async () => {
    const [rest, predictions] = [http2(), http2()]
    const json = { headers: { 'content-type': 'application/json' }, body: JSON_BODY }
    const answers = await Promise.all([
      http(`${server.inference}${INFER}`, json).then(({ text }) => dataIn(text)),
      rest.request(INFER, json).then(({ text }) => dataIn(text)),
      predictions
        .request('/predictions/net', { ...json, body: '{"x":[[0.5,-1]]}' })
        .then(({ text }) => (JSON.parse(text) as { y: number[][] }).y[0]),
      grpc(OIP)
        .unary('ModelInfer', RAW_REQUEST)
        .then(({ message }) => floatsIn((message['raw_output_contents'] as [Buffer])[0])),
      grpc(TF_PREDICTION)
        .unary('Predict', PREDICT_REQUEST)
        .then(({ message }) => (message['outputs'] as { y: { float_val: number[] } }).y.float_val),
      grpc(INFERENCE)
        .unary('Predictions', { model_name: 'net', input: { x: Buffer.from('[[0.5,-1]]') } })
        .then(({ message }) => JSON.parse(String(message['prediction'])) as { y: number[][] })
        .then(({ y }) => y[0]),
    ])
    for (const answer of answers) assert.deepEqual(answer, [0.5, -1])
  })

  it('says over each of them that it is healthy', async () => {
    assert.equal((await http(`${server.inference}/v2/health/ready`)).status, 200)
    assert.equal((await http2().request('/ping')).status, 200)
    const { message } = await grpc(HEALTH).unary('Check', { service: '' })
    assert.equal(message['status'], 'SERVING')
    assert.equal((await grpc(OIP).unary('ServerReady', {})).message['ready'], true)
  })

  it('unpacks bodies of zstd, whichever HTTP brings them', async () => {
    const packed = {
      headers: { 'content-type': 'application/json', 'content-encoding': 'zstd' },
      body: ZSTD_BODY,
    }
    const [first, second] = await Promise.all([
      http(`${server.inference}${INFER}`, packed),
      http2().request(INFER, packed),
    ])
    for (const { text } of [first, second]) assert.deepEqual(dataIn(text), Array(80).fill(0.5))
  })

  it('finishes at SIGTERM what it was asked over each of them', async () => {
    const request = { model_name: 'talker', input: { data: Buffer.from('') } }
    const calls = grpc(INFERENCE).stream('StreamPredictions', request)
    const fetched = await fetch(`${server.inference}/predictions/talker`, { method: 'POST', body: 'x' })
    const stream = http2().open('/predictions/talker')
    stream.end('x')
    const answered = answerOf(stream)
    await Promise.all([calls.next(), once(stream, 'data')])
    const stopped = server.stop()
    assert.equal(await fetched.text(), 'one two')
    assert.equal((await answered).text, 'one two')
    const { messages, code } = await calls.ended
    assert.deepEqual([messages.map(({ prediction }) => String(prediction)), code], [['one ', 'two'], 0])
    assert.equal(await stopped, 0)
  })

  for (const { kind, path, type } of [
    { kind: 'REST', path: INFER, type: 'application/json' },
    { kind: 'gRPC', path: `/${OIP}/ModelInfer`, type: 'application/grpc' },
  ]) {
    it(`outlives clients that open streams of ${kind} and reset them`, async () => {
      const before = residentBytes(server.pid)
      let left = 20_000
      while (left > 0) left -= await openAndReset(new Http2Client(server.inference), { left, path, type })
      const { text } = await http(`${server.inference}${INFER}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON_BODY,
      })
      assert.deepEqual(dataIn(text), [0.5, -1])
      const grownMebibytes = (residentBytes(server.pid) - before) / 2 ** 20
      assert.ok(grownMebibytes < 200, `grew by ${grownMebibytes} MiB`)
    })
  }
})

function floatsIn(bytes: Buffer): number[] {
  return [...new Float32Array(new Uint8Array(bytes).buffer)]
}

const STREAMS_AT_ONCE = 500

type Resets = { readonly left: number; readonly path: string; readonly type: string }

/** Until the server has had enough of the connection, or all are done. @returns how many */
async function openAndReset(client: Http2Client, { left, path, type }: Resets): Promise<number> {
  await once(client.session, 'connect')
  let opened = 0
  while (opened < left && !client.session.closed && !client.session.destroyed) {
    const ended: Promise<unknown>[] = []
    for (let index = 0; index < Math.min(STREAMS_AT_ONCE, left - opened); index++) {
      const stream = client.open(path, { headers: { 'content-type': type } })
      ended.push(new Promise((resolve) => stream.once('close', resolve)))
      stream.write('{')
      stream.close(constants.NGHTTP2_CANCEL)
    }
    opened += ended.length
    await Promise.all(ended)
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.destroy()
  return opened
}

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { frameOf } from '../../../worker/contract/frame.ts'
import type { LoadSpec } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest, tensorsRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { endlessLoop, identity } from '../../support/models.ts'
import { buildModel } from '../../support/onnx-builder.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'

/** Answers `ok`, or does what the body says. */
const NAUGHTY_HANDLER = `export default {
  preprocess(request, context) {
    const order = request.text()
    if (order === 'exit') process.exit(3)
    if (order === 'fill the heap') { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)) }
    if (order === 'reject') Promise.reject(new Error('nobody listens'))
    if (order === 'throw later') setTimeout(() => { throw new Error('too late') })
    if (order === 'print') console.log('printed %d', 5)
    return { x: { dtype: 'FP32', shape: [1, 2], data: new Float32Array(2) } }
  },
  async postprocess(outputs, request) {
    if (request.text() === 'throw later') await new Promise(() => {})
    return 'ok'
  },
}`

describe('a worker process', function () {
  this.timeout(20_000)
  let directory: ModelDirectory | undefined
  let worker: HostedWorker | undefined
  afterEach(async () => {
    await worker?.kill()
    await directory?.remove()
    worker = directory = undefined
  })

  type Options = {
    readonly files: Readonly<Record<string, Uint8Array | string>>
    readonly spec?: Partial<LoadSpec>
    readonly environment?: Readonly<Record<string, string>>
  }
  const start = async ({ files, spec, environment }: Options) => {
    directory = await modelDirectory(files, spec)
    worker = new HostedWorker(environment)
    worker.load(directory.spec)
    return worker
  }
  const startNaughty = () =>
    start({
      files: { 'model.onnx': identity('FP32'), 'handler.mjs': NAUGHTY_HANDLER },
      spec: { handler: 'handler.mjs', maxHeapMebibytes: 64 },
    })

  it('reports an instance for each thread, at places from 1 on', async () => {
    const hosted = await start({ files: { 'model.onnx': identity('FP32') }, spec: { threads: 2 } })
    const instances = await hosted.instances(2)
    assert.deepEqual(
      instances.map((instance) => [instance.ok, instance.threadId]),
      [
        [true, 1],
        [true, 2],
      ],
    )
  })

  it('carries tensors of every type to the graph and back', async () => {
    const tensors = TENSOR_OF_EVERY_TYPE.map((tensor) => ({ ...tensor, name: `x${tensor.dtype}` }))
    const answers = TENSOR_OF_EVERY_TYPE.map((tensor) => ({ ...tensor, name: `y${tensor.dtype}` }))
    const model = buildModel({
      inputs: tensors.map(({ name, dtype }) => ({ name, dtype, shape: ['batch', 2] })),
      outputs: answers.map(({ name, dtype }) => ({ name, dtype, shape: ['batch', 2] })),
      nodes: TENSOR_OF_EVERY_TYPE.map(({ dtype }) => ({
        op: 'Identity',
        inputs: [`x${dtype}`],
        outputs: [`y${dtype}`],
      })),
    })
    const hosted = await start({ files: { 'model.onnx': model } })
    await hosted.instances()
    assert.deepEqual(answersOf(await hosted.run([tensorsRequest(tensors)])), [answers])
  })

  it('runs as many batches at once as it has threads, and the others after them', async () => {
    const hosted = await start({ files: { 'model.onnx': identity('FP32') }, spec: { threads: 2 } })
    await hosted.instances(2)
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => hosted.run([bodyRequest([[i, 0]])])),
    )
    assert.deepEqual(
      results.flatMap(answersOf),
      results.map((_, i) => ({ y: [[i, 0]] })),
    )
  })

  const FAILED_LOADS = [
    {
      it: 'a broken graph',
      files: { 'model.onnx': 'x' },
      code: 'invalid_argument',
      message: /Protobuf parsing failed/,
    },
    {
      it: 'a handler whose initialize throws',
      files: {
        'model.onnx': identity('FP32'),
        'handler.mjs': "export default { initialize() { throw new Error('no labels') } }",
      },
      code: 'internal',
      message: /the handler's initialize failed: no labels/,
    },
    {
      it: 'a handler that exits while it is loaded',
      files: { 'model.onnx': identity('FP32'), 'handler.mjs': 'process.exit(1)' },
      code: 'internal',
      message: /a worker thread ended while it was loading: something in it called process\.exit/,
    },
  ]
  for (const { it: name, files, code, message } of FAILED_LOADS) {
    it(`reports ${name} as a failed instance, and stays`, async () => {
      const spec = 'handler.mjs' in files ? { handler: 'handler.mjs' } : {}
      const hosted = await start({ files, spec })
      const [instance] = await hosted.instances()
      assert.ok(instance?.ok === false)
      assert.equal(instance.error.code, code)
      assert.match(instance.error.message, message)
      assert.equal(hosted.child.exitCode, null)
    })
  }

  const DEATHS = [
    { it: 'exits its thread', order: 'exit', why: /it exited with code 3$/ },
    { it: 'fills its heap', order: 'fill the heap', why: /its heap is full at 64 MiB$/ },
    { it: 'throws where nobody catches', order: 'throw later', why: /uncaught too late$/ },
  ]
  for (const { it: name, order, why } of DEATHS) {
    it(`gives each member of a batch back when its handler ${name}, and has a new thread`, async () => {
      const hosted = await startNaughty()
      await hosted.instances()
      const { replies } = await hosted.run([bodyRequest('fine'), bodyRequest(order)])
      for (const reply of replies) {
        assert.ok(!reply.ok)
        assert.equal(reply.error.code, 'unavailable')
        assert.equal(reply.error.reason, 'worker_died')
        assert.match(reply.error.message, why)
      }
      assert.equal(replies.length, 2)
      const instances = await hosted.instances(2)
      assert.deepEqual(
        instances.map(({ threadId }) => threadId),
        [1, 1],
      )
      assert.deepEqual(answersOf(await hosted.run([bodyRequest('fine')])), ['ok'])
      await hosted.log(why)
    })
  }

  it('survives a rejection that nobody handles, and logs it', async () => {
    const hosted = await startNaughty()
    await hosted.instances()
    assert.deepEqual(answersOf(await hosted.run([bodyRequest('reject')])), ['ok'])
    const record = await hosted.log(/left a rejection unhandled/)
    assert.match(String(record.fields?.['stack']), /nobody listens/)
  })

  it("sends a handler's metrics before the answer, those of its initialize too", async () => {
    const handler = `export default {
      initialize({ metrics }) { metrics.gauge('loaded').set(1) },
      handle(requests, { metrics }) {
        metrics.counter('words', { dimensions: { language: 'en' } }).add(requests.length)
        return requests.map(() => 'ok')
      },
    }`
    const hosted = await start({ files: { 'handler.mjs': handler }, spec: { handler: 'handler.mjs' } })
    await hosted.instances()
    await hosted.run([bodyRequest('a'), bodyRequest('b')])
    assert.deepEqual(hosted.samples, [
      { name: 'loaded', kind: 'gauge', value: 1, unit: 'Count', dimensions: {} },
      { name: 'words', kind: 'counter', value: 2, unit: 'Count', dimensions: { language: 'en' } },
    ])
  })

  it('sends what a handler prints to the log', async () => {
    const hosted = await startNaughty()
    await hosted.instances()
    await hosted.run([bodyRequest('print')])
    assert.deepEqual(await hosted.log(/printed/), { level: 'info', message: 'printed 5' })
  })

  it('shows the line of a TypeScript handler in the stack of its error', async () => {
    const source =
      "type Text = string\n\nexport default {\n  preprocess(): Text {\n    throw new Error('here')\n  },\n}\n"
    const bundle = await build({
      stdin: { contents: source, sourcefile: 'handler.ts', loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      minify: true,
      sourcemap: 'inline',
    })
    const hosted = await start({
      files: { 'model.onnx': identity('FP32'), 'handler.mjs': bundle.outputFiles[0]?.contents ?? '' },
      spec: { handler: 'handler.mjs' },
    })
    await hosted.instances()
    await hosted.run([bodyRequest('x')])
    const record = await hosted.log(/preprocess failed/)
    assert.match(String(record.fields?.['stack']), /Error: here\n.*handler\.ts:5:11/s)
  })

  it('ends at once when the frontend is gone, also while a graph never returns', async () => {
    const hosted = await start({ files: { 'model.onnx': endlessLoop('positive') } })
    await hosted.instances()
    const stuck = assert.rejects(hosted.run([bodyRequest([[1]])]))
    hosted.hangUp()
    assert.deepEqual(await hosted.exited, { code: null, signal: 'SIGKILL' })
    await stuck
  })

  it('ends at once when it is sent what is no frame', async () => {
    const hosted = await start({ files: { 'model.onnx': identity('FP32') } })
    await hosted.instances()
    hosted.write(new Uint8Array(16))
    assert.equal((await hosted.exited).signal, 'SIGKILL')
    assert.match(hosted.output, /a frame of 4 bytes arrived/)
  })

  it('finishes its running batches before it stops', async () => {
    const hosted = await start({ files: { 'model.onnx': identity('FP32') }, spec: { threads: 2 } })
    await hosted.instances(2)
    const running = Promise.all([1, 2, 3].map((value) => hosted.run([bodyRequest([[value, 0]])])))
    hosted.write(frameOf('stop', {}))
    assert.deepEqual((await running).flatMap(answersOf), [{ y: [[1, 0]] }, { y: [[2, 0]] }, { y: [[3, 0]] }])
    assert.deepEqual(await hosted.exited, { code: null, signal: 'SIGKILL' })
    assert.equal(hosted.output, '')
  })

  it('outlives the signals that a terminal or a service manager sends to the whole group', async () => {
    const hosted = await start({ files: { 'model.onnx': identity('FP32') } })
    await hosted.instances()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) hosted.child.kill(signal)
    assert.deepEqual(answersOf(await hosted.run([bodyRequest([[1, 2]])])), [{ y: [[1, 2]] }])
  })

  it('writes no file of its own: telemetry is off, also where nobody turned it off', async () => {
    directory = await modelDirectory({ 'model.onnx': identity('FP32') })
    const home = join(directory.spec.modelDir, 'home')
    const temporary = join(directory.spec.modelDir, 'tmp')
    mkdirSync(home)
    mkdirSync(temporary)
    worker = new HostedWorker({ HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: join(home, '.cache') })
    worker.load(directory.spec)
    await worker.instances()
    await worker.run([bodyRequest([[1, 2]])])
    worker.write(frameOf('stop', {}))
    await worker.exited
    assert.deepEqual(readdirSync(home), [])
    // tsx keeps what it has compiled in a directory of its own; the compiled product has no tsx.
    assert.deepEqual(
      readdirSync(temporary).filter((name) => !name.startsWith('tsx-')),
      [],
    )
    assert.ok(existsSync(home))
  })
})

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson, type HttpAnswer } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { RawConnection } from '../support/raw-http.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const ROW = { x: [[1, 2, 3, 4]] }

const SLOW_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async preprocess(request) {
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { x: { dtype: 'FP32', shape: [1, 4], data: new Float32Array(4) } }
  },
  postprocess() {
    return 'done'
  },
})
`

describe('a refused request', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    const model = mlp([4, 16, 3], 1)
    const slow = { model, handler: SLOW_HANDLER }
    await packTestArchive(modelStore, { modelName: 'tiny', model, config: 'maxRequestBytes: 1000\n' })
    await packTestArchive(modelStore, { modelName: 'patient', ...slow })
    await packTestArchive(modelStore, {
      modelName: 'narrow',
      ...slow,
      config: 'maxQueuedRequests: 1\nmaxBatchRows: 1\n',
    })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  const CASES = [
    { it: 'of an unknown model', path: 'nothing', body: '{}', status: 404, message: /nothing/ },
    { it: 'of an unknown version', path: 'tiny/9.9', body: '{}', status: 404, message: /9\.9/ },
    { it: 'of malformed JSON', path: 'tiny', body: '{"x":[[1,2', status: 400, message: /JSON/ },
    { it: 'of an unknown input', path: 'tiny', body: '{"w":[[1,2,3,4]]}', status: 400, message: /'w'/ },
    { it: 'of a missing input', path: 'tiny', body: '{}', status: 400, message: /'x'/ },
    { it: 'of a wrong shape', path: 'tiny', body: '{"x":[[1,2]]}', status: 400, message: /'x'.*\[1, ?2\]/ },
    { it: 'of a wrong type', path: 'tiny', body: '{"x":[["a",2,3,4]]}', status: 400, message: /'x'/ },
  ]
  for (const c of CASES) {
    it(`is answered ${c.status} because ${c.it}, which it names`, async () => {
      const headers = { 'content-type': 'application/json' }
      const { status, text } = await http(`${server.inference}/predictions/${c.path}`, {
        body: c.body,
        headers,
      })
      const { code, message } = JSON.parse(text) as { code: number; message: string }
      assert.deepEqual([status, code], [c.status, c.status])
      assert.match(message, c.message)
    })
  }

  it('is answered 413 before a byte of its body is sent', async () => {
    const connection = await RawConnection.open(server.inference)
    connection.write(
      'POST /predictions/tiny HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n',
    )
    assert.match(await connection.until(/bytes/), /^HTTP\/1\.1 413 /)
    connection.destroy()
  })

  it('is answered 503 with Retry-After when the queue is full', async () => {
    const url = `${server.inference}/predictions/narrow`
    const answers = await Promise.all(Array.from({ length: 8 }, () => http(url, { body: 'x' })))
    const refused = answers.filter(({ status }) => status !== 200)
    assert.ok(refused.length > 0 && refused.length < answers.length, String(refused.length))
    for (const { status, headers } of refused) {
      assert.equal(status, 503)
      assert.equal(headers['x-reject-reason'], 'queue_full')
      assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/)
    }
  })

  it('is answered 504 at the deadline that it brought', async () => {
    const url = `${server.inference}/predictions/patient`
    const { status, text } = await http(url, { body: 'x', headers: { 'x-timeout-ms': '100' } })
    assert.equal(status, 504, text)
    assert.equal((await http(url, { body: 'x' })).status, 200)
  })

  it('is answered 400 for a truncated archive, and the old version serves on', async () => {
    await packTestArchive(modelStore, { modelName: 'fresh', version: '2.0', model: mlp([4, 16, 3], 2) })
    const whole = await readFile(`${modelStore}/fresh.mar`)
    await writeFile(`${modelStore}/tiny.mar`, whole.subarray(0, whole.length / 2))
    const refused = await manage('POST', '/models?url=tiny.mar&model_name=tiny')
    assert.equal(refused.status, 400)
    assert.match(refused.text, /tiny\.mar/)
    assert.equal((await postJson(`${server.inference}/predictions/tiny`, ROW)).status, 200)
    const { text } = await manage('GET', '/models/tiny/all')
    assert.equal((JSON.parse(text) as unknown[]).length, 1)
  })

  function manage(method: string, path: string): Promise<HttpAnswer> {
    return http(`${server.management}${path}`, { method })
  }
})

import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RequestFinished } from '../../../../frontend/core/events.ts'
import { ExtensionsFixture } from '../../../support/extensions-fixture.ts'
import { DIGITS } from '../../../support/fake-planes.ts'
import { temporaryDirectory } from '../../../support/server-process.ts'

const FINISHED: RequestFinished = {
  model: DIGITS,
  requestId: 'r1',
  totalMs: 10,
  queueMs: 2,
  byDefault: true,
}
const EVERY = { trace_level: ['TIMESTAMPS'], trace_rate: '1' }

describe('the routes of settings', () => {
  let fixture: ExtensionsFixture | undefined

  async function opened(traceFile?: string): Promise<ExtensionsFixture> {
    fixture = await ExtensionsFixture.open(traceFile)
    return fixture
  }

  afterEach(async () => {
    await fixture?.close()
    fixture = undefined
  })

  it('changes what the server logs', async () => {
    const { log, oip, ...rest } = await opened()
    const { url } = rest
    assert.ok(url.startsWith('http://'))
    const before = await fixture?.ask('GET', '/v2/logging')
    assert.equal(before?.status, 200)
    const after = await fixture?.ask('POST', '/v2/logging', { log_info: false, log_verbose_level: 2 })
    assert.deepEqual(after?.body, { ...(before?.body as object), log_info: false, log_verbose_level: 2 })
    assert.deepEqual(oip.logSettings.read(), after?.body)
    assert.equal(log.lines.length, 0)
  })

  it('answers the settings for an empty body', async () => {
    const { oip } = await opened()
    const answer = await fixture?.ask('POST', '/v2/logging')
    assert.deepEqual(answer?.body, oip.logSettings.read())
  })

  const REFUSED = [
    { path: '/v2/logging', body: { log_file: 'a' }, status: 403 },
    { path: '/v2/logging', body: { log_format: 'iso' }, status: 400 },
    { path: '/v2/logging', body: { log_verbose_level: -1 }, status: 400 },
    { path: '/v2/logging', body: '{', status: 400 },
    { path: '/v2/logging', body: '[]', status: 400 },
    { path: '/v2/logging', body: `{"a":"${'x'.repeat(70_000)}"}`, status: 413 },
    { path: '/v2/trace/setting', body: { trace_file: 'a' }, status: 403 },
    { path: '/v2/trace/setting', body: { trace_level: ['TENSORS'] }, status: 501 },
    { path: '/v2/trace/setting', body: { trace_rate: '0' }, status: 400 },
    { path: '/v2/models/none/trace/setting', body: {}, status: 404 },
  ]
  for (const { path, body, status } of REFUSED) {
    it(`refuses with ${status}: ${path} ${JSON.stringify(body).slice(0, 60)}`, async () => {
      await opened()
      const answer = await fixture?.ask('POST', path, body)
      assert.equal(answer?.status, status)
      assert.equal(typeof (answer.body as { error: string }).error, 'string')
    })
  }

  it('knows no trace settings of a version', async () => {
    await opened()
    const answer = await fixture?.ask('GET', '/v2/models/digits/versions/1/trace/setting')
    assert.equal(answer?.status, 404)
  })

  it('logs a line for a traced request', async () => {
    const { events, log } = await opened()
    await fixture?.ask('POST', '/v2/models/digits/trace/setting', EVERY)
    events.emit('requestFinished', FINISHED)
    const [{ trace, msg }] = log.records as [{ trace: { request_id: string }; msg: string }] // one was traced
    assert.equal(msg, 'trace')
    assert.equal(trace.request_id, 'r1')
  })

  it('watches requests only while they are traced', async () => {
    const { events } = await opened()
    assert.equal(events.listenerCount('requestFinished'), 0)
    await fixture?.ask('POST', '/v2/trace/setting', EVERY)
    assert.equal(events.listenerCount('requestFinished'), 1)
    await fixture?.ask('POST', '/v2/trace/setting', { trace_level: ['OFF'] })
    assert.equal(events.listenerCount('requestFinished'), 0)
  })

  it('writes traces to files of so many lines', async () => {
    const directory = await temporaryDirectory()
    const { events } = await opened(join(directory, 'trace.json'))
    try {
      await fixture?.ask('POST', '/v2/trace/setting', { ...EVERY, log_frequency: '2' })
      for (let i = 0; i < 3; i++) events.emit('requestFinished', FINISHED)
      await fixture?.close()
      const ids = await Promise.all(['0', '1'].map((part) => idsIn(join(directory, `trace.json.${part}`))))
      assert.deepEqual(ids, [[1, 2], [3]])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

async function idsIn(path: string): Promise<number[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { id: number }).id)
}

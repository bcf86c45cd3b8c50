import assert from 'node:assert/strict'
import { HttpFixture } from '../../support/http-fixture.ts'
import { echo, held } from '../../support/http-mounts.ts'
import { RawConnection } from '../../support/raw-http.ts'

const GET = 'GET /echo HTTP/1.1\r\nHost: x\r\n'

describe('the accesses of a listener', () => {
  const fixture = new HttpFixture()
  beforeEach(() => {
    fixture.accesses.length = 0
  })
  afterEach(() => fixture.closeAll())

  it('records one access for each request', async () => {
    const { url } = await fixture.open(echo)
    await fetch(`${url}/echo?token=secret`, {
      method: 'POST',
      body: 'hello',
      headers: { 'x-request-id': 'r2' },
    })
    await fixture.closeAll()
    const [{ durationMs, ...record }] = fixture.accesses as [(typeof fixture.accesses)[0]] // one request was made
    assert.deepEqual(record, {
      method: 'POST',
      model: undefined,
      path: '/echo',
      status: 200,
      requestId: 'r2',
      requestBytes: 5,
      responseBytes: 5,
    })
    assert.ok(durationMs > 0 && durationMs < 5000)
  })

  it('records the refusal of a client that leaves with its answer, the body unsent', async () => {
    const { url } = await fixture.open(echo)
    const connection = await RawConnection.open(url)
    connection.write('PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
    await connection.until(/404/)
    connection.destroy()
    await fixture.closeAll()
    assert.deepEqual(
      fixture.accesses.map(({ status }) => status),
      [404],
    )
  })

  it('aborts the signal and records 499 when the client leaves', async () => {
    const mount = held()
    const { url } = await fixture.open(mount)
    const connection = await RawConnection.open(url)
    connection.write(`${GET}\r\n`)
    const signal = await mount.arrived.promise
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
    connection.destroy()
    await aborted
    mount.answer.open()
    await fixture.closeAll()
    assert.deepEqual(
      fixture.accesses.map(({ status }) => status),
      [499],
    )
    assert.deepEqual(fixture.failures, [])
  })

  it('ends the requests that wait behind another on a connection that is gone', async () => {
    const mount = held()
    const { url } = await fixture.open(mount)
    const connection = await RawConnection.open(url)
    connection.write(`${GET}\r\n${GET}\r\n`)
    await mount.arrived.promise
    connection.destroy()
    await fixture.closeAll()
    assert.deepEqual(
      fixture.accesses.map(({ status }) => status),
      [499, 499],
    )
    mount.answer.open()
  })

  it('leaves the signal alone when the answer was written', async () => {
    const mount = held()
    const { url } = await fixture.open(mount)
    mount.answer.open()
    await (await fetch(url)).text()
    assert.equal((await mount.arrived.promise).aborted, false)
  })
})

import assert from 'node:assert/strict'
import { send } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { HttpListener } from '../../../frontend/http/listener.ts'
import { gate } from '../../support/gate.ts'
import { HttpFixture, renderPlainError, TEST_POLICY } from '../../support/http-fixture.ts'
import { RawConnection } from '../../support/raw-http.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** The first `heldCount` requests wait until `answer` opens; `arrived` opens with the last of them. */
function holding(heldCount: number) {
  const arrived = gate()
  const answer = gate()
  let count = 0
  const mount: Mount = {
    routes: [],
    middleware: async (ctx) => {
      count++
      if (count === heldCount) arrived.open()
      if (count <= heldCount) await answer.promise
      send(ctx, { status: 200, headers: {}, body: 'done' })
    },
  }
  return { mount, arrived, answer }
}

describe('closing a listener', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  it('answers what was accepted, says Connection: close, and only then resolves', async () => {
    const { mount, arrived, answer } = holding(2)
    const listener = await fixture.open(mount)
    const connections = [await RawConnection.open(listener.url), await RawConnection.open(listener.url)]
    for (const connection of connections) connection.write(GET)
    await arrived.promise
    const closed = listener.close(5000)
    answer.open()
    for (const connection of connections) {
      assert.match(await connection.untilClosed(), /^HTTP\/1\.1 200 .*Connection: close\r\n.*done$/s)
    }
    await closed
  })

  it('refuses new connections while the old ones finish', async () => {
    const { mount, arrived, answer } = holding(1)
    const listener = await fixture.open(mount)
    const { url } = listener
    const connection = await RawConnection.open(url)
    connection.write(GET)
    await arrived.promise
    const closed = listener.close(5000)
    await assert.rejects(RawConnection.open(url), { code: 'ECONNREFUSED' })
    answer.open()
    await closed
  })

  it('serves a request that follows on an open connection, with Connection: close', async () => {
    const { mount, arrived, answer } = holding(1)
    const listener = await fixture.open(mount)
    const [busy, late] = [await RawConnection.open(listener.url), await RawConnection.open(listener.url)]
    late.write('GET / HTTP/1.1\r\nHost: x\r\n')
    busy.write(GET)
    await arrived.promise
    const closed = listener.close(5000)
    late.write('\r\n')
    assert.match(await late.untilClosed(), /^HTTP\/1\.1 200 .*Connection: close/s)
    answer.open()
    await closed
  })

  it('serves a request that was on its way on an idle connection', async () => {
    const { mount } = holding(0)
    const listener = await fixture.open(mount)
    const connection = await RawConnection.open(listener.url)
    connection.write(GET)
    await connection.until(/done/)
    const closed = listener.close(60_000)
    connection.write(GET)
    assert.match(await connection.untilClosed(), /done.*HTTP\/1\.1 200 .*Connection: close\r\n.*done$/s)
    await closed
  })

  it('closes idle connections soon', async () => {
    const { mount, answer } = holding(0)
    answer.open()
    const listener = await fixture.open(mount)
    const [used, unused] = [await RawConnection.open(listener.url), await RawConnection.open(listener.url)]
    used.write(GET)
    await used.until(/done/)
    await Promise.all([listener.close(60_000), used.untilClosed(), unused.untilClosed()])
  })

  it('cuts what is left when its time is over', async () => {
    const { mount, arrived } = holding(1)
    const listener = await fixture.open(mount)
    const connection = await RawConnection.open(listener.url)
    connection.write(GET)
    await arrived.promise
    await listener.close(10)
    assert.equal(await connection.untilClosed(), '')
  })

  it('is the same promise when asked twice', async () => {
    const listener = await fixture.open(holding(0).mount)
    assert.equal(listener.close(1000), listener.close(1000))
  })
})

describe('an address that is taken', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  it('is named with its setting and a remedy', async () => {
    const { url } = await fixture.open(holding(0).mount)
    const port = Number(new URL(url).port)
    const second = new HttpListener(
      { mounts: [], renderError: renderPlainError, report: assert.fail },
      TEST_POLICY,
    )
    await assert.rejects(second.listen({ host: '127.0.0.1', port }, 'metrics_address'), {
      code: 'failed_precondition',
      message: `cannot listen on metrics_address 127.0.0.1:${port}: another process listens there; end it, or choose another port (0 for any free one)`,
    })
  })

  it('is named when this machine does not have it', async () => {
    const listener = new HttpListener(
      { mounts: [], renderError: renderPlainError, report: assert.fail },
      TEST_POLICY,
    )
    await assert.rejects(listener.listen({ host: '192.0.2.1', port: 0 }, 'metrics_address'), {
      message: /this machine has no such address/,
    })
  })
})

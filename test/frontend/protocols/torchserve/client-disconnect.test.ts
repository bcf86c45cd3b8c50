import assert from 'node:assert/strict'
import { httpTransport } from '../../../../frontend/http/transport.ts'
import { combinedMount, errorRenderer } from '../../../../frontend/protocols/torchserve/routes.ts'
import { CoreHome, type CoreInstance } from '../../../support/core-fixture.ts'
import { until } from '../../../support/fake-clock.ts'
import { HttpFixture } from '../../../support/http-fixture.ts'
import { RawConnection } from '../../../support/raw-http.ts'
import { storeArchive } from '../../../support/store-archives.ts'

/** How often core looks for requests that are over, and more. */
const SWEEP_MS = 100

const hasQuirk = () => false

/** The whole way from a socket to the core's queue; only the worker processes are fakes. */
describe('a client that leaves', () => {
  let home: CoreHome
  let core: CoreInstance
  let http: HttpFixture
  let url: string
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { config: 'maxBatchRows: 1\n' })
    core = await home.started({ loads: true })
    await core.register('m')
    http = new HttpFixture()
    const options = { transport: httpTransport, hasQuirk, serverVersion: '1.2.3', maxRequestBytes: 100 }
    const mount = combinedMount({ inference: { dataPlane: core.dataPlane, ...options } })
    url = (await http.open(mount, {}, { renderError: errorRenderer(hasQuirk) })).url
  })
  afterEach(async () => {
    await http.closeAll()
    await home.remove()
  })

  async function post(id: string, body = 'Content-Length: 0\r\n\r\n'): Promise<RawConnection> {
    const connection = await RawConnection.open(url)
    connection.write(`POST /predictions/m HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n${body}`)
    return connection
  }

  /** The listener has seen the connection end, and core has looked who is still there. */
  async function untilNoticed(): Promise<void> {
    await until(() => http.accesses.some(({ status }) => status === 499))
    await core.clock.advance(SWEEP_MS)
  }

  const queued = () => core.registry.all()[0]?.batcher.queuedRequests
  const running = () => core.workers.batches.map(({ requests }) => requests.map(({ id }) => id))

  it('takes its queued request along: no worker ever sees it', async () => {
    const first = await post('first')
    await until(() => core.workers.batches.length === 1)
    const gone = await post('gone')
    await until(() => queued() === 1)
    const last = await post('last')
    await until(() => queued() === 2)
    gone.destroy()
    await untilNoticed()
    assert.equal(queued(), 1)
    core.workers.batches[0]?.answer()
    await first.until(/HTTP\/1\.1 200/)
    await until(() => core.workers.batches.length === 1)
    assert.deepEqual(running(), [['last']])
    core.workers.batches[0]?.answer()
    await last.until(/HTTP\/1\.1 200/)
    assert.deepEqual(core.heard.sort(), ['first: ok', 'gone: cancelled', 'last: ok'])
  })

  it('gives its place back while its body is still on its way', async () => {
    const gone = await post('gone', 'Content-Length: 10\r\nExpect: 100-continue\r\n\r\n')
    await gone.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/) // it has been admitted
    gone.write('abc')
    gone.destroy()
    // Waits for every request that holds the version; the time limit of the fake clock never comes.
    await core.controlPlane.unregister({ name: 'm' })
    assert.deepEqual(running(), [])
  })

  it('is told of to the worker that runs its request', async () => {
    const gone = await post('gone')
    await until(() => core.workers.batches.length === 1)
    const [batch] = core.workers.batches
    gone.destroy()
    await untilNoticed()
    assert.deepEqual(batch?.cancelled, ['gone'])
    batch?.answer()
  })
})

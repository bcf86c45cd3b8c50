import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { loadConfig } from '../../../frontend/config/load.ts'
import { FrontendServer } from '../../../frontend/frontends/frontend-server.ts'
import type { FromFrontend } from '../../../frontend/frontends/messages.ts'
import { quirksOf } from '../../../frontend/protocols/torchserve/quirks.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('FrontendServer', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let server: FrontendServer
  let told: FromFrontend[]
  beforeEach(async () => {
    directory = await temporaryDirectory()
    told = []
    const { path } = directory
    const { config } = loadConfig(
      { flags: { stateDir: path }, environment: {}, workingDirectory: path },
      quirksOf,
    )
    const setup = {
      config: { ...config, frontends: 2, accessLog: false },
      channel: 1,
      workerSockets: path,
      primarySocket: join(path, 'primary.sock'),
      guardKey: 'inferenceAddress',
      isLocal: true,
      tokens: undefined,
      log: {
        levels: { fatal: true, error: true, warn: true, info: true, debug: false, trace: false },
        style: 'configured',
      },
      models: { seq: 1, models: [] },
    } as const
    server = new FrontendServer(setup, { environment: {}, send: (message) => told.push(message) })
  })
  afterEach(async () => {
    await server.close(0)
    await directory.remove()
  })

  it('follows what it was started with before what was published meanwhile', async () => {
    const started = server.start()
    server.receive({ kind: 'models', seq: 2, models: [] }, undefined)
    await started
    await settlePromises()
    assert.deepEqual(
      told.flatMap((message) => (message.kind === 'followed' ? message.seq : [])),
      [1, 2],
    )
  })

  it('tells what has happened before it says that it has followed', async () => {
    await server.start()
    // Refused by its head, so that it is answered here.
    const client = connect(join(directory.path, 'frontend-1.sock'))
    client.resume().write('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n')
    await once(client, 'close')
    told = []
    server.receive({ kind: 'models', seq: 2, models: [] }, undefined)
    await settlePromises()
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['facts', 'followed'],
    )
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { HttpListener } from '../../../frontend/http/listener.ts'
import { renderPlainError, TEST_POLICY } from '../../support/http-fixture.ts'
import { echo } from '../../support/http-mounts.ts'
import { removeDirectory, temporaryDirectory } from '../../support/server-process.ts'

const OPTIONS = { mounts: [echo], renderError: renderPlainError, report: () => undefined }

async function post(socketPath: string, body: string): Promise<string> {
  const sent = request({ socketPath, path: '/echo', method: 'POST' }).end(body)
  const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream] // the event's documented argument
  return text(response)
}

describe('a listener on a unix socket', () => {
  let directory: string
  let path: string
  let listener: HttpListener

  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory, 'http.sock')
    listener = new HttpListener(OPTIONS, TEST_POLICY)
  })

  afterEach(async () => {
    await listener.close(0)
    await removeDirectory(directory)
  })

  it('serves HTTP, to its own user only, and says where', async () => {
    assert.equal(await listener.listen({ path }, 'test_address'), `unix:${path}`)
    assert.equal(await post(path, 'hello'), 'hello')
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('leaves nothing behind when it closes', async () => {
    await listener.listen({ path }, 'test_address')
    await listener.close(0)
    assert.equal(existsSync(path), false)
  })

  it('takes the place of a socket that a killed server has left', async () => {
    const killed = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))"
    spawnSync(process.execPath, ['-e', killed, path])
    assert.ok(statSync(path).isSocket())
    await listener.listen({ path }, 'test_address')
    assert.equal(await post(path, 'again'), 'again')
  })

  it('leaves a socket that is answered alone', async () => {
    await listener.listen({ path }, 'test_address')
    const second = new HttpListener(OPTIONS, TEST_POLICY)
    await assert.rejects(
      second.listen({ path }, 'test_address'),
      /test_address unix:.*another process listens/,
    )
    await second.close(0)
    assert.equal(await post(path, 'first'), 'first')
  })

  it('leaves a file that is no socket alone', async () => {
    writeFileSync(path, 'precious')
    await assert.rejects(listener.listen({ path }, 'test_address'), {
      code: 'failed_precondition',
      message: /test_address unix:/,
    })
    assert.ok(existsSync(path))
  })

  it('names a directory that does not exist', async () => {
    const lost = { path: join(directory, 'missing', 'http.sock') }
    await assert.rejects(
      listener.listen(lost, 'test_address'),
      /its directory does not exist or cannot be written/,
    )
  })
})

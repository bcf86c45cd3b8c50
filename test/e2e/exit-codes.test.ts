import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { packTestArchive } from '../support/archives.ts'
import { http } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const HELD_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async preprocess() {
    console.log('holding')
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    return {}
  },
})
`

describe('the server', function () {
  this.timeout(60_000)
  let modelStore: string

  beforeEach(async () => {
    modelStore = await temporaryDirectory()
  })

  afterEach(() => removeDirectory(modelStore))

  const USAGE = [
    { it: 'a value out of range', args: ['--max-connections', 'many'], message: /max-connections/ },
    { it: 'a flag that does not exist', args: ['--no-such-flag', '1'], message: /no-such-flag/ },
    { it: 'a configuration file that is not there', args: ['--config-file', 'missing'], message: /missing/ },
  ]
  for (const c of USAGE) {
    it(`exits with 2 and names ${c.it}`, async () => {
      const started = ServerProcess.start({ modelStore, args: c.args })
      await assert.rejects(started, { message: /^the server ended with 2:/ })
      await assert.rejects(started, c.message)
    })
  }

  it('exits with 2 and names an unknown key of its configuration', async () => {
    await writeFile(`${modelStore}/config.properties`, 'job_queue_sise=3\n')
    const args = ['--config-file', `${modelStore}/config.properties`]
    await assert.rejects(
      ServerProcess.start({ modelStore, args }),
      /ended with 2:[^]*job_queue_sise[^]*job_queue_size/,
    )
  })

  it('exits with 3 when no saved state is readable, and leaves it as it is', async () => {
    await mkdir(`${modelStore}/.onnxserve/registry`, { recursive: true })
    await writeFile(`${modelStore}/.onnxserve/registry/registry-1.json`, '{"torn')
    for (let i = 0; i < 2; i++) {
      await assert.rejects(ServerProcess.start({ modelStore }), /ended with 3:/)
    }
  })

  it('exits with 1 and names the setting when an address is taken', async () => {
    const first = await ServerProcess.start({ modelStore })
    const args = ['--inference-address', first.inference, '--state-dir', `${modelStore}/second`]
    await assert.rejects(ServerProcess.start({ modelStore, args }), /ended with 1:[^]*inference_address/)
    await first.stop()
  })

  it('exits with 130 on a second SIGTERM, though a request is running', async () => {
    await packTestArchive(modelStore, {
      modelName: 'held',
      model: mlp([4, 16, 3], 1),
      handler: HELD_HANDLER,
    })
    const server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    const outcome = http(`${server.inference}/predictions/held`, { body: 'x' }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    )
    await server.untilOutput(/holding/)
    server.child.kill('SIGTERM')
    await server.untilOutput(/"stopping/)
    assert.equal(await server.stop('SIGTERM'), 130)
    assert.equal(await outcome, 'ECONNRESET')
  })

  it('says what it serves, on what, why, and what to type', async () => {
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    await packTestArchive(modelStore, { modelName: 'spare', model: mlp([4, 16, 3], 1) })
    const server = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'tiny.mar', '--log-format', 'json'],
    })
    await server.untilOutput(/"try: /)
    await server.stop()
    const messages = server.output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg)
    const tail = `${server.inference}/predictions/tiny`
    assert.ok(messages.some((text) => /^tiny 1\.0: ready on \w+ \(.+\); 1 worker in 1 process, /.test(text)))
    assert.ok(messages.some((text) => text.startsWith('spare.mar is in the model store, not registered: ')))
    assert.ok(
      messages.includes(`try: curl -d '{"x":[[0,0,0,0]]}' -H 'Content-Type: application/json' ${tail}`),
    )
  })
})

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packTestArchive } from '../support/archives.ts'
import { postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

/** What TorchServe's container and a grown installation have in their file. */
const GROWN_FILE = [
  '#Saving snapshot',
  'model_store=$$MODELS$$',
  'number_of_netty_threads=32',
  'job_queue_size: 7',
  'default_response_timeout 20',
  'workflow_store=/home/model-server/wf-store',
  'install_py_dep_per_model=true',
  'disable_token_authorization=true',
  'vmargs=-Xmx4g \\',
  '   -Dlog4j.configurationFile=log4j2.xml',
  'tsConfigFile=config.properties',
  `model_snapshot=${JSON.stringify({
    name: '20240101000000000-shutdown.cfg',
    modelCount: 1,
    created: 1_704_067_200_000,
    models: {
      tiny: {
        '1.0': {
          defaultVersion: true,
          marName: 'tiny.mar',
          minWorkers: 1,
          maxWorkers: 1,
          batchSize: 4,
          maxBatchDelay: 5,
          responseTimeout: 20,
        },
      },
    },
  })}`,
]

describe("a configuration file of TorchServe's", function () {
  this.timeout(60_000)
  let directory: string
  let args: string[]

  beforeEach(async () => {
    directory = await temporaryDirectory()
    await packTestArchive(directory, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    const file = join(directory, 'ts.properties')
    await writeFile(file, GROWN_FILE.join('\n'))
    args = ['--ts-config', file, '--log-format', 'json']
  })

  afterEach(() => removeDirectory(directory))

  const start = (...more: string[]) =>
    ServerProcess.start({
      modelStore: directory,
      args: [...args, ...more],
      environment: { MODELS: directory },
    })

  it('is served with compatibility=torchserve, with a warning for each key that cannot apply', async () => {
    const server = await start('--compatibility', 'torchserve')
    await server.untilOutput(/Model server started/)
    const answer = await postJson(`${server.inference}/predictions/tiny`, { x: [[0, 0, 0, 0]] })
    assert.equal(answer.status, 200)
    assert.equal(await server.stop(), 0)
    const ignored = [...server.output.matchAll(/ts\.properties:\d+: '(\w+)' [^"]*; ignored/g)]
    assert.deepEqual(
      ignored.map(([, key]) => key),
      ['number_of_netty_threads', 'workflow_store', 'install_py_dep_per_model', 'vmargs', 'tsConfigFile'],
    )
  })

  it('is refused otherwise, with the line, the key and the reason', async () => {
    await assert.rejects(
      start(),
      /ended with 2:[^]*ts\.properties:3: 'number_of_netty_threads' configures Netty/,
    )
  })
})

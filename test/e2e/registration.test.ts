import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ARCHIVE_FORMATS, archiveFileName } from '../../archiver-cli/format/archive-writer.ts'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { OriginServer } from '../support/origin-server.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const HANDLER = `
export default {
  describe: () => ({ labels: ['a', 'b'] }),
}
`

describe('registration over the management API', function () {
  this.timeout(60_000)

  let modelStore: string
  let server: ServerProcess
  const started = async (...args: string[]) => {
    server = await ServerProcess.start({ modelStore, args })
  }
  beforeEach(async () => {
    modelStore = await temporaryDirectory()
  })
  afterEach(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  const register = (query: string) => http(`${server.management}/models?${query}`, { method: 'POST' })
  const describeModel = async (path: string) => {
    const { text } = await http(`${server.management}/models/${path}`)
    return (JSON.parse(text) as [Record<string, unknown>])[0]
  }

  for (const format of ARCHIVE_FORMATS) {
    it(`serves an archive of the format ${format} from registration to unregistration`, async () => {
      await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1), format })
      await started()
      const archive = archiveFileName('tiny', format)
      const answers = [
        await register(`url=${archive}&initial_workers=1`),
        await register(`url=${archive}`),
        await postJson(`${server.inference}/predictions/tiny`, { x: [[1, 2, 3, 4]] }),
        await http(`${server.management}/models/tiny`, { method: 'DELETE' }),
      ]
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
        answers.map(({ text }) => text).join('\n'),
      )
      assert.ok((await readdir(modelStore)).includes(archive))
    })
  }

  it('reads TorchServe’s model-config.yaml, and says who said what', async () => {
    const config = 'batchSize: 4\nresponseTimeout: 60\nminWorkers: 1'
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1), config })
    await started()
    await register('url=tiny.mar&batch_size=2')
    const { batchSize, responseTimeout, settings } = await describeModel('tiny')
    assert.deepEqual([batchSize, responseTimeout], [2, 60])
    const sources = settings as Record<string, { source: string }> // as documented
    assert.deepEqual(
      ['maxBatchRows', 'inferenceTimeoutMs', 'minWorkers', 'startupTimeoutMs'].map(
        (key) => sources[key]?.source,
      ),
      ['api', 'archive', 'archive', 'server default'],
    )
  })

  describe('from an address', () => {
    let elsewhere: string
    let origin: OriginServer
    beforeEach(async () => {
      elsewhere = await temporaryDirectory()
      await packTestArchive(elsewhere, { modelName: 'far', model: mlp([4, 16, 3], 1) })
      const archive = await readFile(join(elsewhere, 'far.mar'))
      origin = await OriginServer.open((_, res) => res.end(archive))
    })
    afterEach(async () => {
      await origin.close()
      await removeDirectory(elsewhere)
    })

    it('takes what is allowed, over http and from a directory, and nothing beside it', async () => {
      const allowed = `http://127.0.0.1:${origin.port}/models/.*,file://${elsewhere}/`
      await started('--allowed-urls', allowed, '--allow-private-download-addresses', 'true')
      const url = (path: string) => encodeURIComponent(`http://127.0.0.1:${origin.port}${path}`)
      const statuses = []
      for (const location of [url('/models/far.mar'), url('/other/far.mar'), url('/models/%2e%2e/far.mar')])
        statuses.push((await register(`url=${location}&initial_workers=1`)).status)
      statuses.push((await register(`url=${join(elsewhere, 'far.mar')}&model_name=near`)).status)
      statuses.push((await register('url=file:///etc/passwd')).status)
      assert.deepEqual([statuses, origin.connections], [[200, 403, 403, 200, 403], 1])
      assert.equal((await postJson(`${server.inference}/predictions/far`, { x: [[1, 2, 3, 4]] })).status, 200)
      assert.deepEqual(
        (await readdir(modelStore)).filter((name) => name.endsWith('.mar')),
        [],
      )
    })

    it('takes nothing unless it is told to, and says how', async () => {
      await started()
      const { status, text } = await register(`url=http://127.0.0.1:${origin.port}/models/far.mar`)
      assert.deepEqual([status, origin.connections], [403, 0])
      assert.match(text, /allowed_urls is empty\. Copy the archive into the model store/)
    })
  })

  it('asks the handler to describe itself', async () => {
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1), handler: HANDLER })
    await started()
    await register('url=tiny.mar&initial_workers=1')
    const { customizedMetadata } = await describeModel('tiny?customized=true')
    assert.deepEqual(customizedMetadata, { labels: ['a', 'b'] })
  })
})

import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { ARCHIVE_FORMATS, archiveFileName } from '../../archiver-cli/format/archive-writer.ts'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
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

  it('asks the handler to describe itself', async () => {
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1), handler: HANDLER })
    await started()
    await register('url=tiny.mar&initial_workers=1')
    const { customizedMetadata } = await describeModel('tiny?customized=true')
    assert.deepEqual(customizedMetadata, { labels: ['a', 'b'] })
  })
})

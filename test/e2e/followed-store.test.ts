import assert from 'node:assert/strict'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeTree, type FileTree } from '../support/file-tree.ts'
import { http } from '../support/http-client.ts'
import { halfPlus } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { Traffic } from '../support/traffic.ts'

const FOLLOWING = ['--model-control-mode', 'poll', '--repository-poll-ms', '50']
/** The former version has answered its last request. */
const GONE = /"model":"m\/1","msg":"unregistered"/

describe('a model store that is followed', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess | undefined

  beforeEach(async () => {
    modelStore = await temporaryDirectory()
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    await removeDirectory(modelStore)
  })

  const start = async (tree: FileTree): Promise<ServerProcess> => {
    await writeTree(modelStore, tree)
    server = await ServerProcess.start({ modelStore, args: FOLLOWING })
    return server
  }
  const predict = async (path: string): Promise<string> => {
    const url = `${server?.inference ?? ''}/v1/models/${path}:predict`
    const { status, text } = await http(url, { body: '{"instances": [1]}' })
    return `${status} ${text.replaceAll(/\s/g, '')}`
  }
  /** A version that appears with all its files, as a mount or a careful copy does. */
  const putVersion = async (folder: string, graph: Uint8Array | string): Promise<void> => {
    await writeTree(modelStore, { '.aside/model.onnx': graph })
    await rename(join(modelStore, '.aside'), join(modelStore, folder))
  }
  const answer = (value: number) => `200 {"predictions":[${value.toFixed(1)}]}`

  it('goes over to a new version, and loses no request', async () => {
    const started = await start({ 'm/1/model.onnx': halfPlus(1) })
    const traffic = new Traffic(() => predict('m'))
    await putVersion('m/2', halfPlus(2))
    await started.untilOutput(GONE)
    assert.equal(await predict('m'), answer(2.5))
    assert.deepEqual(await traffic.end(), [answer(1.5), answer(2.5)])
    assert.match(await predict('m/versions/1'), /^404 /)
  })

  it('goes on with the old version when the new one is broken, and says why', async () => {
    const started = await start({ 'm/1/model.onnx': halfPlus(1) })
    const traffic = new Traffic(() => predict('m'))
    await putVersion('m/2', 'no graph')
    await started.untilOutput(/model 'm' version '2': .*not a valid ONNX/)
    assert.deepEqual(await traffic.end(), [answer(1.5)])
    await putVersion('m/3', halfPlus(3))
    await started.untilOutput(GONE)
    assert.equal(await predict('m'), answer(3.5))
  })

  it('unloads nothing when the store is emptied', async () => {
    const started = await start({ 'm/1/model.onnx': halfPlus(1) })
    await rm(join(modelStore, 'm'), { recursive: true })
    await started.untilOutput(/the model store is empty, and what is served stays/)
    assert.equal(await predict('m'), answer(1.5))
  })
})

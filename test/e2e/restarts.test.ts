import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeTree } from '../support/file-tree.ts'
import { GrpcClient, TF_MODEL } from '../support/grpc-client.ts'
import { http } from '../support/http-client.ts'
import { halfPlus } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

describe('after kill -9', function () {
  this.timeout(60_000)
  let root: string
  let server: ServerProcess

  beforeEach(async () => {
    root = await temporaryDirectory()
    await writeTree(root, {
      'store/m/1/model.onnx': halfPlus(1),
      'store/n/5/model.onnx': halfPlus(5),
      'listed/a/1/model.onnx': halfPlus(1),
      'listed/a/3/model.onnx': halfPlus(3),
    })
    await start()
  })
  afterEach(async () => {
    await server.stop('SIGKILL')
    await removeDirectory(root)
  })

  async function start(): Promise<void> {
    const args = ['--model-control-mode', 'explicit']
    server = await ServerProcess.start({ modelStore: join(root, 'store'), args })
  }
  async function restart(): Promise<void> {
    await server.stop('SIGKILL')
    await start()
  }
  async function change(url: string, method = 'POST'): Promise<void> {
    const answer = await http(url, { method })
    assert.equal(answer.status, 200, answer.text)
  }
  async function ask(path: string): Promise<string> {
    const answer = await http(`${server.inference}/v1/models/${path}:predict`, { body: '{"instances": [1]}' })
    return `${answer.status} ${answer.text.replaceAll(/\s/g, '')}`
  }
  const answerOf = (value: number) => `200 {"predictions":[${value.toFixed(1)}]}`
  const repository = (name: string, verb: string) =>
    `${server.inference}/v2/repository/models/${name}/${verb}`

  it('has the models that requests had loaded, and not those that they had unloaded', async () => {
    for (const name of ['m', 'n']) await change(repository(name, 'load'))
    await change(repository('n', 'unload'))
    await restart()
    assert.equal(await ask('m'), answerOf(1.5))
    assert.match(await ask('n'), /^404 /)
    await change(repository('n', 'load'))
    assert.equal(await ask('n'), answerOf(5.5))
  })

  it('has the labels that were set, and not those that were removed', async () => {
    await change(repository('m', 'load'))
    for (const label of ['stable', 'old'])
      await change(`${server.management}/models/m/labels/${label}/1`, 'PUT')
    await change(`${server.management}/models/m/labels/old`, 'DELETE')
    await restart()
    assert.equal(await ask('m/labels/stable'), answerOf(1.5))
    assert.match(await ask('m/labels/old'), /^400 .*hasnolabel'old'/)
  })

  it('serves the list of models that was applied, with its labels', async () => {
    const entry = {
      name: 'a',
      base_path: join(root, 'listed/a'),
      model_platform: 'tensorflow',
      model_version_policy: { specific: { versions: [1, 3] } },
      version_labels: { stable: 1, canary: 3 },
    }
    const models = new GrpcClient(server.grpcInference, TF_MODEL)
    const { message } = await models.unary('HandleReloadConfigRequest', {
      config: { model_config_list: { config: [entry] } },
    })
    models.close()
    assert.deepEqual(message['status'], { error_code: 'OK', error_message: '' })
    await restart()
    assert.equal(await ask('a'), answerOf(3.5))
    assert.equal(await ask('a/labels/stable'), answerOf(1.5))
    assert.equal(await ask('a/labels/canary'), answerOf(3.5))
  })
})

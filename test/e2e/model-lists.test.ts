import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeTree } from '../support/file-tree.ts'
import { GrpcClient, TF_MODEL, TF_PREDICTION } from '../support/grpc-client.ts'
import { http } from '../support/http-client.ts'
import { halfPlus } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { bearer, tokenText } from '../support/tokens.ts'

const TOKENS = { inference: tokenText('inference'), management: tokenText('management') }
const METADATA = {
  inference: { authorization: bearer(TOKENS.inference) },
  management: { authorization: bearer(TOKENS.management) },
}

describe('a list of models', function () {
  this.timeout(60_000)
  let root: string
  let server: ServerProcess | undefined

  beforeEach(async () => {
    root = await temporaryDirectory()
    await writeTree(root, {
      'store/.keep': '',
      'a/1/model.onnx': halfPlus(1),
      'a/2/model.onnx': halfPlus(2),
      'a/3/model.onnx': halfPlus(3),
      'b/7/model.onnx': halfPlus(7),
    })
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    await removeDirectory(root)
  })

  const start = async (args: readonly string[], environment = {}): Promise<ServerProcess> => {
    server = await ServerProcess.start({ modelStore: join(root, 'store'), args, environment })
    return server
  }
  /** As a configuration map changes: the file is whole, or the former one. */
  const write = async (...models: readonly string[]): Promise<void> => {
    const aside = join(root, 'models.new')
    await writeFile(aside, `model_config_list { ${models.map((each) => `config { ${each} }`).join('\n')} }`)
    await rename(aside, join(root, 'models.config'))
  }
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const url = `${server?.inference ?? ''}/v1/models/${path}:predict`
    const answer = await http(url, { body: '{"instances": [1]}', headers })
    return `${answer.status} ${answer.text.replaceAll(/\s/g, '')}`
  }
  const answerOf = (value: number) => `200 {"predictions":[${value.toFixed(1)}]}`
  const a = (rest = '') => `name: 'a' base_path: '${join(root, 'a')}' model_platform: 'tensorflow' ${rest}`
  const b = () => `name: 'b' base_path: '${join(root, 'b')}'`
  const FIRST_TWO = 'model_version_policy { specific { versions: 1 versions: 2 } }'
  const label = (name: string, version: number) => `version_labels { key: '${name}' value: ${version} }`

  it('is served from the start, and followed when the file changes', async () => {
    await write(a(`${FIRST_TWO} ${label('stable', 1)} ${label('canary', 2)}`))
    const started = await start([
      ...['--model_config_file', join(root, 'models.config')],
      ...['--model-config-file-poll-ms', '50'],
    ])
    assert.equal(await ask('a'), answerOf(2.5))
    assert.equal(await ask('a/labels/stable'), answerOf(1.5))
    assert.equal(await ask('a/labels/canary'), answerOf(2.5))
    assert.match(await ask('a/versions/3'), /^404 /)
    await write(a(`${FIRST_TWO} ${label('stable', 2)}`), b())
    await started.untilOutput(/"model":"b\/7","msg":"loading → ready"/)
    assert.equal(await ask('b'), answerOf(7.5))
    await write(b())
    await started.untilOutput(/"model":"a\/2","msg":"unregistered"/)
    assert.match(await ask('a'), /^404 /)
    assert.equal(await ask('b'), answerOf(7.5))
  })

  it('stays in force when the file becomes wrong, which is told', async () => {
    await write(b())
    const started = await start([
      ...['--model_config_file', join(root, 'models.config')],
      ...['--model-config-file-poll-ms', '50'],
    ])
    await write(`${b()} nonsense: 1`)
    await started.untilOutput(/models\.config.* is not applied: .*nonsense/)
    assert.equal(await ask('b'), answerOf(7.5))
  })

  it('ends the start when there is no such file', async () => {
    const absent = join(root, 'absent.config')
    await assert.rejects(start(['--model_config_file', absent]), /model_config_file .*absent\.config/)
  })

  it('is applied on request of whoever may manage models', async () => {
    const started = await start([], {
      ONNXSERVE_INFERENCE_TOKEN: TOKENS.inference,
      ONNXSERVE_MANAGEMENT_TOKEN: TOKENS.management,
    })
    const models = new GrpcClient(started.grpcInference, TF_MODEL)
    const predictions = new GrpcClient(started.grpcInference, TF_PREDICTION)
    const labelled = (version_label: string) => ({
      model_spec: { name: 'a', version_label },
      inputs: { x: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] } },
    })
    const request = {
      config: {
        model_config_list: {
          config: [
            {
              name: 'a',
              base_path: join(root, 'a'),
              model_platform: 'tensorflow',
              model_version_policy: { specific: { versions: [1, 3] } },
              version_labels: { stable: 1, canary: 3 },
            },
          ],
        },
      },
    }
    try {
      const method = 'HandleReloadConfigRequest'
      assert.equal((await models.failure(method, request)).code, status.UNAUTHENTICATED)
      const withoutRight = await models.failure(method, request, { metadata: METADATA.inference })
      assert.equal(withoutRight.code, status.PERMISSION_DENIED)
      const { message } = await models.unary(method, request, { metadata: METADATA.management })
      assert.deepEqual(message['status'], { error_code: 'OK', error_message: '' })
      for (const [name, value] of [
        ['stable', 1.5],
        ['canary', 3.5],
      ] as const) {
        const { message } = await predictions.unary('Predict', labelled(name), {
          metadata: METADATA.inference,
        })
        assert.deepEqual((message['outputs'] as Record<string, { float_val: number[] }>)['y']?.float_val, [
          value,
        ])
        assert.equal(await ask(`a/labels/${name}`, METADATA.inference), answerOf(value))
      }
      const empty = { config: { model_config_list: { config: [] } } }
      await models.unary(method, empty, { metadata: METADATA.management })
      for (const version of ['1', '3'])
        await started.untilOutput(new RegExp(`"model":"a/${version}","msg":"unregistered"`))
      assert.match(await ask('a', METADATA.inference), /^404 /)
    } finally {
      models.close()
      predictions.close()
    }
  })
})

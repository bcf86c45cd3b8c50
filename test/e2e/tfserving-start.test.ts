import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeTree } from '../support/file-tree.ts'
import { freePorts } from '../support/free-ports.ts'
import { GrpcClient, TF_MODEL } from '../support/grpc-client.ts'
import { http, postJson } from '../support/http-client.ts'
import { identity } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const GRAPH = identity('FP32')

describe("a start in TensorFlow Serving's words", function () {
  this.timeout(60_000)
  let root: string
  let ports: { readonly grpc: number; readonly rest: number }
  let server: ServerProcess | undefined

  beforeEach(async () => {
    root = await temporaryDirectory()
    const [grpc = 0, rest = 0] = await freePorts(2)
    ports = { grpc, rest }
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    await removeDirectory(root)
  })

  const start = async (...args: string[]) => {
    const given = [`--port=${ports.grpc}`, `--rest_api_port=${ports.rest}`, ...args]
    server = await ServerProcess.start({
      args: given,
      workingDirectory: root,
      choosesPorts: true,
      environment: { ONNXSERVE_ALLOW_UNAUTHENTICATED_EXPOSURE: 'true' }, // as in a container: ports are for everybody
    })
    return server
  }
  const rest = (path: string) => `http://127.0.0.1:${ports.rest}/v1/models/${path}`

  it('serves a base path over HTTP and gRPC, and what appears in it later', async () => {
    await writeTree(root, {
      'models/m/1/model.onnx': GRAPH,
      'batching.txt': 'max_batch_size { value: 8 } num_batch_threads { value: 4 }',
    })
    const { output, management } = await start(
      '--model_name=m',
      `--model_base_path=${join(root, 'models/m')}`,
      '--file_system_poll_wait_seconds=1',
      '--enable_batching=true',
      '--batching_parameters_file=batching.txt',
      '--tensorflow_session_parallelism=4',
    )
    const answer = await postJson(rest('m:predict'), { instances: [[1, 2]] })
    assert.equal(answer.text.replaceAll(/\s/g, ''), '{"predictions":[[1.0,2.0]]}')
    assert.match(output, /num_batch_threads has no effect/)
    assert.match(output, /--tensorflow-session-parallelism: .*ONNX Runtime/)
    const described = JSON.parse((await http(`${management}/models/m`)).text) as [{ batchSize: number }]
    assert.equal(described[0].batchSize, 8)

    const client = new GrpcClient(`127.0.0.1:${ports.grpc}`, TF_MODEL)
    const status = await client.unary('GetModelStatus', { model_spec: { name: 'm' } })
    client.close()
    assert.match(JSON.stringify(status.message), /"AVAILABLE"/)

    await writeTree(root, { 'models/m/2/model.onnx': GRAPH })
    let later = await http(rest('m/versions/2'))
    while (!later.text.includes('AVAILABLE')) later = await http(rest('m/versions/2'))
    assert.equal((await postJson(rest('m/versions/2:predict'), { instances: [[3, 4]] })).status, 200)
  })

  it('serves the models of a list, and no base path beside it', async () => {
    const config = `config { name: 'a' base_path: '${join(root, 'a')}' }`
    await writeTree(root, {
      'a/1/model.onnx': GRAPH,
      'models.config': `model_config_list { ${config} }`,
    })
    await start(
      '--model_name=model',
      '--model_base_path=/models/model',
      `--model_config_file=${join(root, 'models.config')}`,
    )
    assert.equal((await postJson(rest('a:predict'), { instances: [[1, 2]] })).status, 200)
    assert.equal((await http(rest('model'))).status, 404)
  })

  const REFUSED = [
    {
      it: 'a base path that is not there',
      args: ['--model_base_path=absent'],
      message: /absent.* does not exist/,
    },
    {
      it: 'batching parameters that are wrong',
      args: ['--batching_parameters_file=batching.txt'],
      message: /batching\.txt:2:3: max_batch_size is 0/,
    },
    {
      it: 'a file of keys',
      args: ['--ssl_config_file=ssl.txt'],
      message: /'ssl_config_file' configures encryption/,
    },
  ]
  for (const { it: claim, args, message } of REFUSED) {
    it(`ends for ${claim}`, async () => {
      await writeTree(root, { 'batching.txt': '\n  max_batch_size { value: 0 }' })
      await assert.rejects(start(...args), message)
    })
  }
})

import assert from 'node:assert/strict'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packTestArchive } from '../support/archives.ts'
import { writeTree } from '../support/file-tree.ts'
import { http } from '../support/http-client.ts'
import { externalData, identity } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { treeOf } from '../support/temporary-directory.ts'

const GRAPH = identity('FP32')

describe('onnxserve start <path>', function () {
  this.timeout(60_000)
  let root: string
  let server: ServerProcess | undefined

  beforeEach(async () => {
    root = await temporaryDirectory()
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    await removeDirectory(root)
  })

  const start = async (...args: string[]): Promise<ServerProcess> => {
    server = await ServerProcess.start({ args, workingDirectory: root })
    return server
  }
  const predict = async (model: string, x: unknown = [[1, 2]]) => {
    const answer = await http(`${server?.inference ?? ''}/predictions/${model}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ x }),
    })
    return `${answer.status} ${answer.text}`
  }

  const LAYOUTS = [
    { it: 'a bare graph', path: 'net.onnx', tree: { 'net.onnx': GRAPH }, served: ['net/1'] },
    {
      it: "TensorFlow Serving's folders",
      path: 'net',
      tree: { 'net/1/model.onnx': GRAPH, 'net/07/model.onnx': GRAPH },
      served: ['net/7'],
    },
    {
      it: "Triton's repository",
      path: 'repo',
      tree: {
        'repo/a/config.pbtxt': 'max_batch_size: 4 version_policy { all {} }',
        'repo/a/1/model.onnx': GRAPH,
        'repo/a/2/model.onnx': GRAPH,
        'repo/b/1/model.onnx/model.onnx': GRAPH,
      },
      served: ['a/1', 'a/2', 'b/1'],
    },
    {
      it: 'a mounted volume of links',
      path: 'mnt',
      tree: { 'image/1/model.onnx': GRAPH, mnt: '-> image' },
      served: ['mnt/1'],
    },
  ]
  for (const { it: claim, path, tree, served } of LAYOUTS) {
    it(`serves ${claim}`, async () => {
      await writeTree(root, tree)
      await start(path)
      for (const model of served) assert.equal(await predict(model), '200 {"y":[[1,2]]}')
    })
  }

  it('serves archives and weights beside a graph, several paths at a time', async () => {
    await writeTree(root, { 'big/.keep': '' })
    externalData(join(root, 'big'))
    await packTestArchive(root, { modelName: 'packed', version: '2.5', model: GRAPH })
    await start('big', 'packed.mar')
    assert.equal(await predict('packed/2.5'), '200 {"y":[[1,2]]}')
    assert.equal(await predict('big/1', [[1, 0, 0, 0]]), '200 {"y":[[1,2,3]]}')
  })

  it('calls the model and its version as it is told', async () => {
    await writeTree(root, { 'my net.onnx': GRAPH })
    await start('my net.onnx', '--model-name', 'net', '--version', '12')
    assert.equal(await predict('net/12'), '200 {"y":[[1,2]]}')
  })

  it("takes the flags of KServe's servers", async () => {
    await writeTree(root, { 'mnt/models/model.onnx': GRAPH })
    await start('--model_name=net', '--model_dir', 'mnt/models')
    assert.equal(await predict('net'), '200 {"y":[[1,2]]}')
  })

  const MOUNTED = [
    { it: 'a graph', tree: { 'models/model.onnx': GRAPH }, args: ['--model_name=net'], served: ['net'] },
    {
      it: 'a graph of any name',
      tree: { 'models/other.onnx': GRAPH },
      args: ['--model_name=net'],
      served: ['net'],
    },
    {
      it: 'folders of versions',
      tree: { 'models/1/model.onnx': GRAPH },
      args: ['--model_name=net'],
      served: ['net'],
    },
    {
      it: 'a repository',
      tree: { 'models/a/1/model.onnx': GRAPH, 'models/b/1/model.onnx': GRAPH },
      args: [],
      served: ['a', 'b'],
    },
  ]
  for (const { it: claim, tree, args, served } of MOUNTED) {
    it(`takes KServe's mount with ${claim}`, async () => {
      await writeTree(root, tree)
      await start('--model_dir=models', ...args)
      for (const model of served) assert.equal(await predict(model), '200 {"y":[[1,2]]}')
    })
  }

  it("takes KServe's mount for TorchServe", async () => {
    await writeTree(root, { 'mnt/config/config.properties': 'install_py_dep_per_model=true' })
    await packTestArchive(join(root, 'mnt/model-store'), { modelName: 'packed', version: '2', model: GRAPH })
    await start('--model_dir', 'mnt')
    assert.equal(await predict('packed'), '200 {"y":[[1,2]]}')
  })

  it('writes neither into the working directory nor beside the models, and leaves nothing', async () => {
    await writeTree(root, { 'net.onnx': GRAPH, 'tmp/.keep': '' })
    const before = await treeOf(root)
    await chmod(root, 0o555)
    server = await ServerProcess.start({
      args: ['net.onnx'],
      workingDirectory: root,
      environment: { TMPDIR: join(root, 'tmp') },
    })
    assert.equal(await predict('net'), '200 {"y":[[1,2]]}')
    assert.equal((await readdir(join(root, 'tmp'))).filter((name) => name.startsWith('onnxserve-')).length, 1)
    await server.stop()
    await chmod(root, 0o755)
    assert.deepEqual(await treeOf(root), before)
  })

  const REFUSED = [
    { it: 'a path that is not there', args: ['absent.onnx'], message: /'absent.onnx'.* does not exist/ },
    { it: 'what is no graph', args: ['text.onnx'], message: /is not a valid ONNX file/ },
    { it: 'a directory without models', args: ['empty'], message: /holds no model; expected \*\.onnx/ },
    {
      it: 'one name for two models',
      args: ['a.onnx', 'b.onnx', '--model-name', 'c'],
      message: /model_name is 'c', but there is more than one: a.onnx, b.onnx/,
    },
  ]
  for (const { it: claim, args, message } of REFUSED) {
    it(`ends for ${claim}, and leaves word for Kubernetes`, async () => {
      await writeTree(root, { 'a.onnx': GRAPH, 'b.onnx': GRAPH, 'text.onnx': 'text', 'empty/.keep': '' })
      const log = join(root, 'termination-log')
      await writeFile(log, '')
      await assert.rejects(start(...args, '--termination-log', log), /the server ended with [12]:/)
      const lines = (await readFile(log, 'utf8')).split('\n')
      const { error, exitCode } = JSON.parse(lines[0] ?? '') as { error: string; exitCode: number }
      assert.match(error, message)
      assert.ok(exitCode > 0 && lines.length === 2)
    })
  }
})

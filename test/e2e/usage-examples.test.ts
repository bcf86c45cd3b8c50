import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { writeTree } from '../support/file-tree.ts'
import { fixedBatch, identity, stringIdentity, twoInputAdd } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const run = promisify(execFile)

describe('what onnxserve start <path> prints', function () {
  this.timeout(60_000)
  let root: string
  let server: ServerProcess

  before(async () => {
    root = await temporaryDirectory()
    await writeTree(root, {
      'plain.onnx': identity('FP32'),
      'two.onnx': twoInputAdd(),
      'text.onnx': stringIdentity(),
      'fixed.onnx': fixedBatch(2),
      'wide.onnx': identity('INT64', [-1, 2, 2]),
      'scalar.onnx': identity('FP64', []),
    })
    server = await ServerProcess.start({ args: [root], workingDirectory: root })
    await server.untilOutput(/Model server started/)
  })
  after(async () => {
    await server.stop()
    await removeDirectory(root)
  })

  const messages = () =>
    server.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => (JSON.parse(line) as { msg: string }).msg)

  it('tells inputs and outputs as the graph has them', () => {
    assert.ok(messages().includes("wide 1: input 'x' INT64 [-1,2,2]"))
    assert.ok(messages().includes("two 1: output 'sum' FP32 [batch,2]"))
  })

  it('shows a request in each dialect for every model, and all of them work', async () => {
    const lines = messages().filter((message) => message.startsWith('curl '))
    assert.equal(lines.length, 6 * 3)
    for (const line of lines) {
      const { stdout } = await run('sh', ['-c', `${line} -s -o /dev/null -w '%{http_code}'`])
      assert.equal(stdout, '200', line)
    }
  })

  it('shows a request over gRPC for every model', () => {
    const lines = messages().filter((message) => message.startsWith('grpcurl '))
    assert.equal(lines.length, 6)
    assert.ok(
      lines.some((line) =>
        line.includes(
          '{"model_name":"text","inputs":[{"name":"x","datatype":"BYTES","shape":[1],"contents":{"bytes_contents":["dGV4dA=="]}}]}',
        ),
      ),
    )
  })
})

import assert from 'node:assert/strict'
import { createProgram, type GivenOnCommandLine } from '../../../frontend/config/command-line.ts'
import { loadConfig } from '../../../frontend/config/load.ts'
import { commandFrom } from '../../../frontend/config/torchserve-flags.ts'
import { quirksOf } from '../../../frontend/protocols/torchserve/quirks.ts'

/** The configuration that a command line makes. */
async function configOf(...args: string[]) {
  const starts: GivenOnCommandLine[] = []
  const other = () => Promise.reject(new Error('another command'))
  const program = createProgram(
    {
      start: async (given) => void starts.push(given),
      stop: other,
      status: other,
      clientTypes: other,
      doctor: other,
      installGpu: other,
      tune: other,
      version: other,
    },
    (code) => assert.fail(`the command line is refused with ${code}`),
  )
  await program.parseAsync(commandFrom(args) ?? [], { from: 'user' })
  const [given = { flags: {} }] = starts
  return loadConfig({ ...given, environment: {}, workingDirectory: '/w' }, quirksOf).config
}

describe('paths on the command line', () => {
  const CASES = [
    { args: ['start', 'a.onnx', '/m/b'], modelPaths: ['/w/a.onnx', '/m/b'] },
    { args: ['a.onnx'], modelPaths: ['/w/a.onnx'] },
    { args: ['start', 'a.onnx', '--model-paths', 'b,c'], modelPaths: ['/w/a.onnx', '/w/b', '/w/c'] },
    { args: ['start', '--model_dir=/mnt/models'], modelPaths: ['/mnt/models'] },
    { args: ['--model_dir', '/mnt/models'], modelPaths: ['/mnt/models'] },
  ]
  for (const { args, modelPaths } of CASES) {
    it(`reads ${args.join(' ')}`, async () =>
      assert.deepEqual((await configOf(...args)).modelPaths, modelPaths))
  }

  it('names the model and its version', async () => {
    const { modelName, modelVersion } = await configOf('start', 'a', '--model_name=net', '--version', '3')
    assert.deepEqual([modelName, modelVersion], ['net', '3'])
  })

  it('leaves the directories open where there is no model store', async () => {
    const { modelStore, stateDir, logLocation } = await configOf('start', 'a.onnx')
    assert.deepEqual([modelStore, stateDir, logLocation], ['', '', ''])
  })

  it('uses the model store that is given beside paths', async () => {
    const { modelStore, stateDir } = await configOf('start', 'a.onnx', '--model-store', 's')
    assert.deepEqual([modelStore, stateDir], ['/w/s', '/w/s/.onnxserve'])
  })
})

describe("KServe's flags", () => {
  it('open its ports on all addresses', async () => {
    const config = await configOf(
      '--model_name=m',
      '--model_dir=/m',
      '--http_port=8080',
      '--grpc_port',
      '9000',
    )
    assert.deepEqual(config.inferenceAddress, { host: '0.0.0.0', port: 8080 })
    assert.deepEqual([config.grpcInferenceAddress, config.grpcInferencePort], ['0.0.0.0', 9000])
  })

  it('keeps underscores in values', async () => {
    assert.equal((await configOf('--model_name=my_net', '--model_dir=/my_models')).modelName, 'my_net')
  })
})

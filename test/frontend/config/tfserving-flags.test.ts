import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createProgram, type GivenOnCommandLine } from '../../../frontend/config/command-line.ts'
import { loadConfig } from '../../../frontend/config/load.ts'
import { TFSERVING_WITHOUT_MEANING } from '../../../frontend/config/tfserving-without-meaning.ts'
import { commandFrom } from '../../../frontend/config/torchserve-flags.ts'
import { quirksOf } from '../../../frontend/protocols/torchserve/quirks.ts'
import { removeDirectory, temporaryDirectory } from '../../support/server-process.ts'

/** What a command line makes: the configuration, and what of it was overlooked. */
async function loaded(...args: string[]) {
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
  return loadConfig({ ...given, environment: {}, workingDirectory: '/w' }, quirksOf)
}

describe("TensorFlow Serving's command line", () => {
  it('serves a base path on its ports', async () => {
    const { config, notes } = await loaded(
      '--port=8500',
      '--rest_api_port=8501',
      '--model_name=half_plus_two',
      '--model_base_path=/models/half_plus_two',
    )
    assert.deepEqual(config.inferenceAddress, { host: '0.0.0.0', port: 8501 })
    assert.deepEqual([config.grpcInferenceAddress, config.grpcInferencePort], ['0.0.0.0', 8500])
    assert.deepEqual([config.modelName, config.modelBasePath], ['half_plus_two', '/models/half_plus_two'])
    assert.deepEqual([config.modelStore, config.stateDir, notes], ['', '', []])
  })

  const MAPPED = [
    { args: ['--port=0'], key: 'enableGrpcApi', value: false },
    { args: ['--rest_api_timeout_in_ms=5000'], key: 'inferenceTimeoutMs', value: 5000 },
    { args: ['--file_system_poll_wait_seconds=2'], key: 'repositoryPollMs', value: 2000 },
    { args: ['--file_system_poll_wait_seconds', '0'], key: 'repositoryPollMs', value: 0 },
    { args: ['--model_config_file=m.config'], key: 'modelConfigFile', value: '/w/m.config' },
    { args: ['--model_config_file_poll_wait_seconds=60'], key: 'modelConfigFilePollMs', value: 60_000 },
    {
      args: ['--allow_version_labels_for_unavailable_models'],
      key: 'allowVersionLabelsForUnavailableModels',
      value: true,
    },
    { args: ['--rest_api_enable_cors_support=true'], key: 'corsAllowedOrigin', value: '*' },
    { args: ['--enable_batching'], key: 'defaultMaxBatchRows', value: 32 },
    { args: ['--enable_batching=false'], key: 'defaultMaxBatchRows', value: 1 },
  ] as const
  for (const { args, key, value } of MAPPED) {
    it(`reads ${args.join(' ')}`, async () => {
      const { config, notes } = await loaded(...args)
      assert.deepEqual([config[key], notes], [value, []])
    })
  }

  const HARMLESS = [
    'enable_model_warmup',
    'enable_model_warmup=true',
    'saved_model_tags=serve',
    'enable_profiler=false',
  ]
  for (const flag of HARMLESS) {
    it(`passes over --${flag}, which asks for what happens anyway`, async () =>
      assert.deepEqual((await loaded(`--${flag}`)).notes, []))
  }

  for (const [name, { isRefused = false }] of Object.entries(TFSERVING_WITHOUT_MEANING)) {
    it(`${isRefused ? 'refuses' : 'notes'} --${name} with a reason`, async () => {
      const says = await loaded(`--${name}=00`).then(
        ({ notes }) => notes,
        (error: Error) => [`refused: ${error.message}`],
      )
      const start = isRefused ? 'refused: command line: ' : 'command line: '
      assert.equal(says.length, 1)
      assert.ok(says[0]?.startsWith(`${start}--${name.replaceAll('_', '-')}: '${name}' `), says[0])
    })
  }

  it('looks at the list of models where there is one beside a base path', async () => {
    const { notes } = await loaded('--model_base_path=/m', '--model_config_file=/c')
    assert.deepEqual(notes, [
      'model_base_path is not looked at: the models are those of model_config_file, /c',
    ])
  })

  const REFUSED = [
    {
      args: ['--model_base_path=/m', '--model_paths=/n'],
      message: /model_paths and model_base_path are both/,
    },
    { args: ['--port=many'], message: /--port: grpc_inference_port is 'many'; expected an integer/ },
    {
      args: ['--file_system_poll_wait_seconds=-1'],
      message: /repository_poll_secs is '-1'; expected an integer/,
    },
    { args: ['--port=1', '--grpc-inference-port=2'], message: /mean the same; keep one/ },
    {
      args: ['--enable_batching=false', '--batching_parameters_file=b'],
      message: /enable_batching is false, but batching_parameters_file is '\/w\/b'/,
    },
    { args: ['--batching_parameters_file=b'], message: /batching_parameters_file '\/w\/b' cannot be read/ },
  ]
  for (const { args, message } of REFUSED) {
    it(`refuses ${args.join(' ')}`, () =>
      assert.rejects(loaded(...args), { code: 'invalid_argument', message }))
  }
})

describe('batching_parameters_file', () => {
  let root: string
  let file: string

  beforeEach(async () => {
    root = await temporaryDirectory()
    file = join(root, 'batching.txt')
    writeFileSync(
      file,
      'max_batch_size { value: 8 } max_enqueued_batches { value: 2 } num_batch_threads { value: 4 }',
    )
  })
  afterEach(() => removeDirectory(root))

  it('sets the defaults of all models', async () => {
    const { config, notes } = await loaded('--enable_batching', `--batching_parameters_file=${file}`)
    assert.deepEqual([config.defaultMaxBatchRows, config.maxQueuedRequests], [8, 16])
    assert.match(notes.join(), /^[^,]*num_batch_threads has no effect[^,]*$/)
  })

  it('yields to what is said in our own words', async () => {
    const { config, notes } = await loaded(`--batching_parameters_file=${file}`, '--default-max-batch-rows=5')
    assert.deepEqual([config.defaultMaxBatchRows, config.maxQueuedRequests], [5, 16])
    assert.ok(notes.includes(`default_max_batch_rows is given, and counts instead of ${file}`))
  })
})

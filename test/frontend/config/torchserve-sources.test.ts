import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type ConfigSources } from '../../../frontend/config/load.ts'
import { quirksOf } from '../../../frontend/protocols/torchserve/quirks.ts'

describe("loadConfig from TorchServe's sources", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onnxserve-config-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  function load(file: string, given: Partial<ConfigSources> = {}) {
    writeFileSync(join(directory, 'config.properties'), file)
    return loadConfig({ flags: {}, environment: {}, workingDirectory: directory, ...given }, quirksOf)
  }
  const queued = (file: string, given: Partial<ConfigSources> = {}) =>
    load(file, given).config.maxQueuedRequests

  const SWITCHED_ON = 'enable_envvars_config=true\njob_queue_size=1'
  const environment = { TS_JOB_QUEUE_SIZE: '2' }
  const PRECEDENCE = [
    {
      it: 'leaves TS_ variables alone unless they are switched on',
      file: 'job_queue_size=1',
      environment,
      expected: 1,
    },
    { it: 'prefers a TS_ variable to the file', file: SWITCHED_ON, environment, expected: 2 },
    {
      it: 'prefers its own variable to a TS_ variable',
      file: SWITCHED_ON,
      environment: { ...environment, ONNXSERVE_MAX_QUEUED_REQUESTS: '3' },
      expected: 3,
    },
    {
      it: 'lets a flag switch TS_ variables on',
      file: '',
      environment,
      flags: { enableEnvvarsConfig: 'true' },
      expected: 2,
    },
    {
      it: 'prefers a flag to all of them',
      file: SWITCHED_ON,
      environment,
      flags: { maxQueuedRequests: '4' },
      expected: 4,
    },
    {
      it: "reads TorchServe's flags as the properties they stand for",
      file: SWITCHED_ON,
      environment,
      flagProperties: [{ flag: '--queue', property: 'job_queue_size', text: '5' }],
      expected: 5,
    },
    {
      it: 'reads what the environment names in a value',
      file: 'job_queue_size=$$SIZE$$',
      environment: { SIZE: '6' },
      expected: 6,
    },
  ]
  for (const { it: claim, file, expected, ...given } of PRECEDENCE) {
    it(claim, () => assert.equal(queued(file, given), expected))
  }

  it('puts several variables into one value', () => {
    const { config } = load('model_store=/$$A$$/b/$$C$$', { environment: { A: 'x', C: 'y' } })
    assert.equal(config.modelStore, '/x/b/y')
  })

  it('notes a TS_ variable that would count if it were switched on', () => {
    assert.deepEqual(load('', { environment }).notes, [
      'environment: TS_JOB_QUEUE_SIZE is set, but enable_envvars_config is not true; ignored',
    ])
  })

  it('reads what TorchServe always reads from the environment, switched on or not', () => {
    const { config } = load('', { environment: { TS_ENABLE_MODEL_API: 'true', LOG_LOCATION: '/logs' } })
    assert.deepEqual([config.enableModelApi, config.logLocation], [true, '/logs'])
  })

  const TS_FILE = { TS_CONFIG_FILE: 'ts.properties' }
  const FILES = [
    { it: 'reads the file that TS_CONFIG_FILE names', given: { environment: TS_FILE }, expected: 7 },
    {
      it: 'prefers the file that a flag names',
      given: { environment: TS_FILE, configFile: 'config.properties' },
      expected: 1,
    },
  ]
  for (const c of FILES) {
    it(c.it, () => {
      writeFileSync(join(directory, 'ts.properties'), 'job_queue_size=7')
      assert.equal(queued('job_queue_size=1', c.given), c.expected)
    })
  }

  const REFUSED: readonly { it: string; file?: string; given?: Partial<ConfigSources>; message: RegExp }[] = [
    {
      it: 'a variable that a value needs and nobody set',
      file: '\nmodel_store=$$NOWHERE$$',
      message: /config\.properties:2: model_store needs the environment variable 'NOWHERE', which is not set/,
    },
    {
      it: 'a key that cannot apply, with the reason',
      file: 'initial_worker_port=9500',
      message: /:1: 'initial_worker_port' numbers the ports of workers/,
    },
    {
      it: 'a bad value of a TS_ variable',
      file: SWITCHED_ON,
      given: { environment: { TS_JOB_QUEUE_SIZE: 'many' } },
      message: /environment: TS_JOB_QUEUE_SIZE: job_queue_size is 'many'/,
    },
    {
      it: 'two variables that name different files',
      given: { environment: { TS_CONFIG_FILE: 'a', ONNXSERVE_CONFIG_FILE: 'b' } },
      message: /ONNXSERVE_CONFIG_FILE and TS_CONFIG_FILE name different files/,
    },
    {
      it: 'one setting given by two flags',
      given: {
        flags: { loadModels: 'all' },
        flagProperties: [{ flag: '--models', property: 'load_models', text: 'a.mar' }],
      },
      message: /'--load-models' and '--models' mean the same/,
    },
    {
      it: 'models whose JSON is wrong, saying where',
      file: 'models={"m":{"1":{"marNam":"a"}}}',
      message: /:1: models is .*; expected JSON: .*at m\.1/,
    },
  ]
  for (const { it: what, file = '', given = {}, message } of REFUSED) {
    it(`refuses ${what}`, () => assert.throws(() => load(file, given), { code: 'invalid_argument', message }))
  }

  it('accepts keys that ask for what happens anyway', () => {
    assert.deepEqual(load('use_native_io=true\nipex_enable=False').notes, [])
  })

  it('keeps the last of two equal keys in compatibility mode, and says so', () => {
    const { config, notes } = load('compatibility=torchserve\njob_queue_size=1\njob_queue_size=2')
    assert.equal(config.maxQueuedRequests, 2)
    assert.match(notes.join(), /'job_queue_size' appears twice; keep one of them; the last one counts/)
  })

  it('reads a snapshot that TorchServe has written', () => {
    const snapshot = {
      name: 's.cfg',
      modelCount: 1,
      created: 1,
      models: { m: { '1.0': { marName: 'm.mar' } } },
    }
    const lines = ['compatibility=torchserve', 'tsConfigFile=x', 'python=/usr/bin/python3', 'version=0.12.0']
    const { config, notes } = load([...lines, `model_snapshot=${JSON.stringify(snapshot)}`].join('\n'))
    assert.deepEqual(
      config.declaredModels.map(({ archive }) => archive),
      ['m.mar'],
    )
    assert.equal(notes.length, 3)
  })
})

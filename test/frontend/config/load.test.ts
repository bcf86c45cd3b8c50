import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quirksOf } from '../../../frontend/protocols/torchserve/quirks.ts'
import { loadConfig, type ConfigSources } from '../../../frontend/config/load.ts'
import { SETTING_KEYS, type SettingKey } from '../../../frontend/config/schema.ts'
import { ServingError } from '../../../worker/contract/errors.ts'

type Given = {
  readonly file?: string
  readonly environment?: Record<string, string>
  readonly flags?: Partial<Record<SettingKey, string>>
}

describe('loadConfig', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onnxserve-config-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  function load({ file, environment = {}, flags = {} }: Given, extra: Partial<ConfigSources> = {}) {
    if (file !== undefined) writeFileSync(join(directory, 'config.properties'), file)
    return loadConfig({ flags, environment, workingDirectory: directory, ...extra }, quirksOf).config
  }

  it('works with nothing given', () => {
    const config = load({})
    assert.deepEqual(Object.keys(config).sort(), [...SETTING_KEYS].sort())
    assert.equal(config.modelStore, join(directory, 'model-store'))
    assert.equal(config.stateDir, join(directory, 'model-store', '.onnxserve'))
    assert.deepEqual(config.inferenceAddress, { host: '127.0.0.1', port: 8080 })
    assert.deepEqual(config.loadModels, { kind: 'none' })
  })

  const file = 'job_queue_size=1\ndefault_workers_per_model=1'
  const environment = { ONNXSERVE_MAX_QUEUED_REQUESTS: '2', PATH: '/bin' }
  const PRECEDENCE: readonly (Given & { readonly it: string; readonly expected: number })[] = [
    { it: 'takes the default when nothing is set', expected: 1000 },
    { it: 'prefers the file to the default', file, expected: 1 },
    { it: 'prefers the environment to the file', file, environment, expected: 2 },
    {
      it: 'prefers a flag to the environment',
      file,
      environment,
      flags: { maxQueuedRequests: '3' },
      expected: 3,
    },
  ]
  for (const c of PRECEDENCE) it(c.it, () => assert.equal(load(c).maxQueuedRequests, c.expected))

  const VALUES: readonly (Given & {
    readonly it: string
    readonly key: SettingKey
    readonly expected: unknown
  })[] = [
    {
      it: "reads TorchServe's seconds as milliseconds",
      file: 'default_response_timeout=7',
      key: 'inferenceTimeoutMs',
      expected: 7000,
    },
    {
      it: 'reads its own milliseconds',
      file: 'inference_timeout_ms=7',
      key: 'inferenceTimeoutMs',
      expected: 7,
    },
    {
      it: 'reads an address',
      file: 'inference_address=http://0.0.0.0:80/',
      key: 'inferenceAddress',
      expected: { host: '0.0.0.0', port: 80 },
    },
    {
      it: 'reads an IPv6 address',
      file: 'inference_address=http://[::1]:0',
      key: 'inferenceAddress',
      expected: { host: '::1', port: 0 },
    },
    {
      it: "adds TorchServe's port when the address has none",
      file: 'metrics_address=http://localhost',
      key: 'metricsAddress',
      expected: { host: 'localhost', port: 8082 },
    },
    {
      it: 'reads an address with TLS',
      file: 'inference_address=https://127.0.0.1:8443',
      key: 'inferenceAddress',
      expected: { host: '127.0.0.1', port: 8443, tls: true },
    },
    {
      it: "adds TorchServe's port of TLS",
      file: 'management_address=https://localhost',
      key: 'managementAddress',
      expected: { host: 'localhost', port: 8444, tls: true },
    },
    {
      it: 'reads the path of a socket',
      file: 'inference_address=unix:/tmp/x.sock',
      key: 'inferenceAddress',
      expected: { path: '/tmp/x.sock' },
    },
    { it: 'reads load_models=all', file: 'load_models=all', key: 'loadModels', expected: { kind: 'all' } },
    {
      it: 'reads a list of archives',
      file: 'load_models=a.mar, \\\n  b=c.mar',
      key: 'loadModels',
      expected: { kind: 'list', archives: [{ archive: 'a.mar' }, { name: 'b', archive: 'c.mar' }] },
    },
    {
      it: 'reads names of variables',
      environment: { ONNXSERVE_WORKER_ENVIRONMENT: 'A, B_2' },
      key: 'workerEnvironment',
      expected: ['A', 'B_2'],
    },
    { it: 'reads a toggle', flags: { accessLog: 'false' }, key: 'accessLog', expected: false },
    { it: 'reads a choice', flags: { logFormat: 'json' }, key: 'logFormat', expected: 'json' },
    {
      it: 'keeps an absolute path',
      flags: { modelStore: '/srv/models' },
      key: 'stateDir',
      expected: '/srv/models/.onnxserve',
    },
  ]
  for (const c of VALUES) it(c.it, () => assert.deepEqual(load(c)[c.key], c.expected))

  const REFUSED: readonly (Given & { readonly it: string; readonly message: RegExp })[] = [
    {
      it: 'an unknown property, with a suggestion and its line',
      file: '\njob_queue_sise=1',
      message: /config\.properties:2: 'job_queue_sise' .* 'job_queue_size'\?/,
    },
    {
      it: 'a key of TorchServe that cannot apply, with two ways out',
      file: 'vmargs=-Xmx1g',
      message: /:1: 'vmargs' configures .*; remove it, or set compatibility=torchserve/,
    },
    {
      it: 'all mistakes of a file at once, in its order',
      file: 'vmargs=-Xmx1g\njob_queue_sise=1\nmodel_store=x\nmodel_store=y\njob_queue_size=many',
      message:
        /has 4 mistakes:\n .*:1: 'vmargs'.*\n .*:2: 'job_queue_sise'.*\n .*:4: .*twice.*\n .*:5: .*'many'/,
    },
    { it: 'an unknown property that resembles nothing', file: 'zzz=1', message: /'zzz' is not a setting$/ },
    {
      it: 'an unknown variable with our prefix',
      environment: { ONNXSERVE_LOG_LEVL: 'info' },
      message: /environment: 'ONNXSERVE_LOG_LEVL' .* 'ONNXSERVE_LOG_LEVEL'\?/,
    },
    {
      it: 'a word where a number belongs',
      file: 'job_queue_size=many',
      message:
        /config\.properties:1: job_queue_size is 'many'; expected an integer from 1 to 1000000 requests/,
    },
    {
      it: 'a number below its range',
      flags: { maxQueuedRequests: '0' },
      message: /command line: --max-queued-requests is '0'; expected an integer from 1/,
    },
    {
      it: 'a number above its range',
      environment: { ONNXSERVE_DEFAULT_MAX_BATCH_ROWS: '65537' },
      message: /ONNXSERVE_DEFAULT_MAX_BATCH_ROWS is '65537'; expected an integer from 1 to 65536 rows/,
    },
    { it: 'a fraction', flags: { drainTimeoutMs: '1.5' }, message: /--drain-timeout-ms is '1\.5'/ },
    {
      it: 'zero seconds',
      file: 'default_response_timeout=0',
      message: /default_response_timeout is '0'; expected an integer from 1 to 86400 seconds/,
    },
    {
      it: 'one meaning under two names',
      file: 'default_response_timeout=1\ninference_timeout_ms=5',
      message: /:2: 'default_response_timeout' and 'inference_timeout_ms' mean the same/,
    },
    {
      it: 'a property given twice',
      file: 'job_queue_size=1\njob_queue_size=2',
      message: /:2: 'job_queue_size' appears twice/,
    },
    { it: 'an empty value', file: 'model_store=', message: /model_store is ''; expected a path/ },
    {
      it: 'a toggle that is neither true nor false',
      flags: { accessLog: 'yes' },
      message: /--access-log is 'yes'; expected true \| false/,
    },
    {
      it: 'a scheme that is none of three',
      flags: { metricsAddress: 'ftp://h:1' },
      message: /--metrics-address is 'ftp:\/\/h:1'; expected http:\/\//,
    },
    {
      it: 'a password that it cannot use, without repeating it',
      file: 'keystore_pass=geh\u00e9im',
      message: /:1: keystore_pass is '…'; expected printable ASCII/,
    },
    { it: 'a relative socket', flags: { metricsAddress: 'unix:x.sock' }, message: /or unix:\/path/ },
    {
      it: 'a socket whose path the kernel cannot hold',
      flags: { metricsAddress: `unix:/${'x'.repeat(110)}` },
      message: /or unix:\/path/,
    },
    { it: 'a port beyond 65535', flags: { metricsAddress: 'http://h:65536' }, message: /expected http:\/\// },
    {
      it: 'an address with a path',
      flags: { metricsAddress: 'http://h:1/x' },
      message: /expected http:\/\//,
    },
    {
      it: 'an archive list with a missing half',
      flags: { loadModels: 'a=' },
      message: /--load-models is 'a='/,
    },
  ]
  for (const c of REFUSED) {
    it(`refuses ${c.it}`, () =>
      assert.throws(() => load(c), { code: 'invalid_argument', reason: 'config', message: c.message }))
  }

  it('allows port 0 on every listener', () => {
    const any = 'http://127.0.0.1:0'
    const config = load({ flags: { inferenceAddress: any, managementAddress: any, metricsAddress: any } })
    assert.deepEqual(config.managementAddress, { host: '127.0.0.1', port: 0 })
  })

  it('reads the file that the environment names', () => {
    writeFileSync(join(directory, 'other.properties'), 'job_queue_size=9')
    const config = load({ file, environment: { ONNXSERVE_CONFIG_FILE: 'other.properties' } })
    assert.equal(config.maxQueuedRequests, 9)
  })

  it('prefers the file that a flag names', () => {
    writeFileSync(join(directory, 'other.properties'), 'job_queue_size=9')
    const config = load(
      { environment: { ONNXSERVE_CONFIG_FILE: 'missing' } },
      { configFile: 'other.properties' },
    )
    assert.equal(config.maxQueuedRequests, 9)
  })

  it('refuses a named file that does not exist', () => {
    assert.throws(() => load({}, { configFile: 'missing' }), {
      code: 'invalid_argument',
      message: /missing' cannot be read/,
    })
  })

  it('raises only serving errors', () => {
    assert.throws(() => load({ file: 'x' }), ServingError)
  })

  it('is frozen to its leaves', () => {
    const config = load({ flags: { loadModels: 'a.mar' } })
    assert.ok(
      Object.isFrozen(config) &&
        Object.isFrozen(config.inferenceAddress) &&
        Object.isFrozen(config.loadModels),
    )
  })
})

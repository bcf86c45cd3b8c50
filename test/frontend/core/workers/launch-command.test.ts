import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  addressSpaceBytes,
  ALLOWED_ENVIRONMENT,
  launchCommand,
  workerEnvironment,
  type LaunchOptions,
} from '../../../../frontend/core/workers/launch-command.ts'
import type { ExecutionProvider, LoadSpec } from '../../../../worker/contract/messages.ts'

const GIBIBYTE = 2 ** 30

function options(changes: Partial<LaunchOptions> = {}, spec: Partial<LoadSpec> = {}): LaunchOptions {
  return {
    spec: {
      model: { name: 'digits', version: '1.0' },
      modelDir: '/models/digits',
      handler: 'tensor',
      handlerConfig: {},
      device: { provider: 'cpu', deviceId: 0 },
      threads: 1,
      intraOpThreads: 1,
      maxBatchRows: 1,
      maxHeapMebibytes: 64,
      ...spec,
    },
    modelBytes: 0,
    addressSpaceBytes: 0,
    extraEnvironment: [],
    environment: {},
    execPath: '/usr/bin/node',
    execArgv: [],
    ...changes,
  }
}

/** In every environment: no telemetry, and the numbers of GPUs by their place on the bus. */
const ALWAYS = { ORT_DISABLE_TELEMETRY: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }

describe('workerEnvironment', () => {
  const secrets = {
    AWS_SECRET_ACCESS_KEY: 's',
    DATABASE_URL: 's',
    GITHUB_TOKEN: 's',
    NODE_OPTIONS: '--require ./evil.js',
    LD_PRELOAD: '/evil.so',
    HOME: '/root',
    path: 'lower case is another name',
  }

  it('lets none of the rest of the environment pass', () => {
    const allowed = Object.fromEntries(ALLOWED_ENVIRONMENT.map((name) => [name, 'v']))
    assert.deepEqual(workerEnvironment({ environment: { ...secrets, ...allowed }, extraEnvironment: [] }), {
      ...ALWAYS,
      ...allowed,
    })
  })

  it('numbers GPUs by the bus, as nvidia-smi does, unless it is told otherwise', () => {
    const environment = workerEnvironment({
      environment: { CUDA_DEVICE_ORDER: 'FASTEST_FIRST' },
      extraEnvironment: [],
    })
    assert.equal(environment['CUDA_DEVICE_ORDER'], 'FASTEST_FIRST')
  })

  it('lets pass what is named', () => {
    const environment = workerEnvironment({ environment: secrets, extraEnvironment: ['HOME'] })
    assert.deepEqual(environment, { HOME: '/root', ...ALWAYS })
  })

  it('skips what is allowed but not set', () => {
    const environment = workerEnvironment({ environment: { PATH: undefined }, extraEnvironment: ['X'] })
    assert.deepEqual(environment, ALWAYS)
  })

  it('cannot be talked into telemetry', () => {
    const environment = { ORT_DISABLE_TELEMETRY: '0' }
    const extraEnvironment = ['ORT_DISABLE_TELEMETRY']
    assert.equal(workerEnvironment({ environment, extraEnvironment })['ORT_DISABLE_TELEMETRY'], '1')
  })
})

describe('addressSpaceBytes', () => {
  const CASES: readonly (readonly [
    it: string,
    changes: Partial<LaunchOptions>,
    threads: number,
    gib: number,
  ])[] = [
    ['is what is configured', { addressSpaceBytes: 7 * GIBIBYTE, modelBytes: GIBIBYTE }, 4, 7],
    ['leaves room for the runtime and a thread', {}, 1, 3],
    ['grows with the threads', {}, 5, 5],
    ['grows with the model, for each thread', { modelBytes: GIBIBYTE }, 2, 9.5],
  ]
  for (const [claim, changes, threads, gib] of CASES) {
    it(claim, () => assert.equal(addressSpaceBytes(options(changes, { threads })), gib * GIBIBYTE))
  }
})

describe('launchCommand', () => {
  it('runs the worker entry beside itself, with the flags of this process', () => {
    const { file, args } = launchCommand(options({ execArgv: ['--import', 'tsx'] }, GPU))
    assert.equal(file, '/usr/bin/node')
    assert.deepEqual(args.slice(0, 2), ['--import', 'tsx'])
    assert.match(args.at(-1) ?? '', /\/worker\/process\/main\.ts$/)
  })

  it('keeps the environment of the command to the allow-list', () => {
    const { env } = launchCommand(options({ environment: { TOKEN: 's', TZ: 'UTC' } }))
    assert.deepEqual(env, { TZ: 'UTC', ...ALWAYS })
  })

  for (const provider of ['cuda', 'webgpu'] satisfies ExecutionProvider[]) {
    it(`limits no address space on ${provider}: its driver reserves it freely`, () => {
      const { file, args } = launchCommand(options({}, { device: { provider, deviceId: 0 } }))
      assert.equal(file, '/usr/bin/node')
      assert.ok(!args.some((arg) => arg.startsWith('--as')))
    })
  }

  describe('on the CPU', () => {
    before(function () {
      if (!existsSync('/usr/bin/prlimit')) this.skip() // util-linux is what sets the limit
    })

    it('limits the address space and writes no core file', () => {
      const { file, args } = launchCommand(options({ addressSpaceBytes: 4 * GIBIBYTE }))
      assert.equal(file, '/usr/bin/prlimit')
      assert.deepEqual(args.slice(0, 4), ['--as=4294967296', '--core=0', '--', '/usr/bin/node'])
    })
  })
})

const GPU = { device: { provider: 'cuda', deviceId: 0 } } as const

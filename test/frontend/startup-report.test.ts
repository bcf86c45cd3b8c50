import assert from 'node:assert/strict'
import { findSample } from '../../frontend/find-sample.ts'
import { exampleRequest, startupReport, type StartupFacts } from '../../frontend/startup-report.ts'
import type { VersionDescription } from '../../frontend/core/control-plane.ts'
import type { Device } from '../../worker/contract/messages.ts'
import { DESCRIPTION } from '../support/fake-planes.ts'

const ADDRESS = 'http://127.0.0.1:8080'
const TENSOR = { ...DESCRIPTION, handler: 'tensor' }

const FACTS: StartupFacts = {
  addresses: { inference: ADDRESS, management: 'http://127.0.0.1:8081', metrics: 'http://127.0.0.1:8082' },
  versions: [DESCRIPTION],
  unregistered: [],
  modelStore: '/srv/models',
}

function onGpus(deviceIds: readonly number[]): VersionDescription {
  const devices = deviceIds.map((deviceId): Device => ({ provider: 'cuda', deviceId }))
  const workers = devices.flatMap((device) =>
    DESCRIPTION.workers.slice(0, 1).map((one) => ({ ...one, device })),
  )
  const [device = { provider: 'cuda', deviceId: 0 }] = devices
  return { ...DESCRIPTION, workers, provider: { ...DESCRIPTION.provider, device } }
}

describe('the start-up report', () => {
  const DIGITS = { name: 'digits', version: '1.0' }
  const CASES: { it: string; facts: Partial<StartupFacts>; lines: string[] }[] = [
    {
      it: 'says what an earlier run has left',
      facts: { notes: [{ kind: 'restored', models: [DIGITS, { name: 'iris', version: '2.0' }] }] },
      lines: ['restored from the saved state: digits 1.0, iris 2.0'],
    },
    {
      it: 'says which of two archives of one version is served',
      facts: {
        notes: [
          { kind: 'both', model: DIGITS, wins: 'declared' },
          { kind: 'both', model: { name: 'iris', version: '2.0' }, wins: 'same' },
          { kind: 'ignored', model: { name: 'other', version: '1.0' } },
        ],
      },
      lines: [
        'digits 1.0 is declared and saved: its archive has changed and is served; how it was scaled stays',
        'iris 2.0 is declared and saved: it is the same archive; how it was scaled stays',
        'other 1.0 is declared and not served: the saved state alone counts with compatibility=torchserve',
      ],
    },
    {
      it: 'gives the commands that serve an archive which has changed',
      facts: { notes: [{ kind: 'changed', model: DIGITS, archive: 'digits.mar' }] },
      lines: [
        'digits 1.0 is served as it was registered; digits.mar has changed since, and to serve that: curl -X DELETE "http://127.0.0.1:8081/models/digits/1.0" && curl -X POST "http://127.0.0.1:8081/models?url=digits.mar&initial_workers=1"',
      ],
    },
    {
      it: 'says on what, how and why a version is served',
      facts: {},
      lines: [
        'digits 1.0: ready on cpu (no GPU answers); 1 worker in 1 process, 2 threads each (2 CPUs ÷ 1 worker)',
      ],
    },
    {
      it: 'names the devices of a version on GPUs',
      facts: { versions: [onGpus([2, 0, 2])] },
      lines: [
        'digits 1.0: ready on cuda devices 0, 2 (no GPU answers); 3 workers in 1 process, 2 threads each (2 CPUs ÷ 1 worker)',
      ],
    },
    {
      it: 'names the only device of a version on a GPU',
      facts: { versions: [onGpus([1])] },
      lines: [
        'digits 1.0: ready on cuda device 1 (no GPU answers); 1 worker in 1 process, 2 threads each (2 CPUs ÷ 1 worker)',
      ],
    },
    {
      it: 'says why a version is not ready',
      facts: { versions: [{ ...DESCRIPTION, state: 'failed', reason: 'no memory' }] },
      lines: ['digits 1.0: failed (no memory)'],
    },
    {
      it: 'says that nothing is served',
      facts: { versions: [], unregistered: ['iris.mar'] },
      lines: ['no model is registered'],
    },
    {
      it: 'says that there is nothing to serve, and where it looked',
      facts: { versions: [] },
      lines: ['no model is registered; the model store /srv/models holds no archive'],
    },
    {
      it: 'says how to register what lies in the model store',
      facts: { unregistered: ['iris.mar'] },
      lines: [
        'iris.mar is in the model store, not registered: ' +
          'curl -X POST "http://127.0.0.1:8081/models?url=iris.mar&initial_workers=1"',
      ],
    },
  ]
  for (const c of CASES) {
    it(c.it, () => {
      const [first, ...rest] = startupReport({ ...FACTS, ...c.facts })
      assert.equal(
        first,
        `OnnxServe listens on ${ADDRESS} (inference), http://127.0.0.1:8081 (management), http://127.0.0.1:8082 (metrics)`,
      )
      for (const line of c.lines) assert.ok(rest.includes(line), rest.join('\n'))
    })
  }
})

describe('the example request', () => {
  it('goes through the socket of an address that is one', () => {
    assert.equal(
      exampleRequest(TENSOR, 'unix:/run/x.sock'),
      `curl -d '{"x":[[0,0,0,0]]}' -H 'Content-Type: application/json' --unix-socket '/run/x.sock' http://localhost/predictions/digits`,
    )
  })

  const CASES = [
    {
      it: 'has a zero for every element that a tensor model takes',
      version: TENSOR,
      expected: `curl -d '{"x":[[0,0,0,0]]}' -H 'Content-Type: application/json' ${ADDRESS}/predictions/digits`,
    },
    {
      it: 'has texts and truth values where the model takes them',
      version: {
        ...TENSOR,
        inputs: [
          { name: 't', dtype: 'BYTES', shape: [-1, 1] },
          { name: 'b', dtype: 'BOOL', shape: [-1] },
        ] as const,
      },
      expected: `curl -d '{"t":[["text"]],"b":[true]}' -H 'Content-Type: application/json' ${ADDRESS}/predictions/digits`,
    },
    {
      it: 'survives a quote in the name of an input',
      version: { ...TENSOR, inputs: [{ name: "x'; id; '", dtype: 'FP32', shape: [1] }] as const },
      expected: `curl -d '{"x'\\''; id; '\\''":[0]}' -H 'Content-Type: application/json' ${ADDRESS}/predictions/digits`,
    },
    {
      it: 'is left out when it would fill the screen',
      version: { ...TENSOR, inputs: [{ name: 'x', dtype: 'FP32', shape: [1, 2 ** 40] }] as const },
      expected: undefined,
    },
    {
      it: 'is left out for a handler of its own',
      version: { ...DESCRIPTION, handler: 'handler.js' },
      expected: undefined,
    },
    {
      it: 'is left out for a version that is not ready',
      version: { ...TENSOR, state: 'failed' } as const,
      expected: undefined,
    },
    {
      it: 'asks for an image where there is no sample',
      version: DESCRIPTION,
      expected: `curl -T <image file> ${ADDRESS}/predictions/digits`,
    },
  ]
  for (const c of CASES) {
    it(c.it, () => assert.equal(exampleRequest(c.version, ADDRESS), c.expected))
  }

  it('sends the sample of an example', () => {
    assert.equal(
      exampleRequest(DESCRIPTION, ADDRESS, findSample),
      `curl -T examples/digits/samples/0.png ${ADDRESS}/predictions/digits`,
    )
  })
})

describe('findSample', () => {
  it('finds nothing for a model that is no example', () => assert.equal(findSample('nothing'), undefined))
})

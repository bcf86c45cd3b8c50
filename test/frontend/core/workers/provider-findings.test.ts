import assert from 'node:assert/strict'
import { childProbe, ProbedProviders } from '../../../../frontend/core/workers/provider-findings.ts'
import type { ExecutionProvider, ProviderFinding } from '../../../../worker/contract/messages.ts'

type Setting = 'auto' | readonly ExecutionProvider[]

/** A probe that finds each provider usable unless told otherwise, and remembers what it was asked. */
function fakeProbe(
  answer?: (providers: readonly ExecutionProvider[]) => Promise<readonly ProviderFinding[]>,
) {
  const calls: string[] = []
  const usable = async (providers: readonly ExecutionProvider[]) =>
    providers.map((provider) => ({ provider, usable: true, reason: 'it ran' }))
  return {
    calls,
    probe: (providers: readonly ExecutionProvider[]) => {
      calls.push(providers.join(','))
      return (answer ?? usable)(providers)
    },
  }
}

const PROBES: readonly {
  readonly it: string
  readonly hasGpu: boolean
  readonly settings: readonly Setting[]
  readonly calls: readonly string[]
}[] = [
  { it: 'never probes for auto without a GPU device', hasGpu: false, settings: ['auto', 'auto'], calls: [] },
  { it: 'never probes for the CPU', hasGpu: true, settings: [['cpu']], calls: [] },
  { it: 'probes both GPU providers for auto', hasGpu: true, settings: ['auto'], calls: ['cuda,webgpu'] },
  {
    it: 'probes an explicit GPU provider even without a device',
    hasGpu: false,
    settings: [['webgpu']],
    calls: ['webgpu'],
  },
  { it: 'probes only what is listed', hasGpu: true, settings: [['cuda', 'cpu']], calls: ['cuda'] },
  {
    it: 'probes once',
    hasGpu: true,
    settings: [['webgpu'], ['webgpu'], ['webgpu', 'cpu']],
    calls: ['webgpu'],
  },
  {
    it: 'probes only what it does not know yet',
    hasGpu: true,
    settings: [['webgpu'], 'auto'],
    calls: ['webgpu', 'cuda'],
  },
]

describe('ProbedProviders', () => {
  for (const { it: claim, hasGpu, settings, calls } of PROBES) {
    it(claim, async () => {
      const fake = fakeProbe()
      const providers = new ProbedProviders(fake.probe, () => hasGpu)
      await Promise.all(settings.map((setting) => providers.find(setting)))
      assert.deepEqual(fake.calls, calls)
    })
  }

  it('says for auto that there is no GPU device', async () => {
    const findings = await new ProbedProviders(fakeProbe().probe, () => false).find('auto')
    const reason = 'this machine has no GPU device'
    assert.deepEqual(findings, [
      { provider: 'cuda', usable: false, reason },
      { provider: 'webgpu', usable: false, reason },
      { provider: 'cpu', usable: true, reason: 'always available' },
    ])
  })

  it('keeps the reason that it found for auto out of an explicit list', async () => {
    const providers = new ProbedProviders(fakeProbe().probe, () => false)
    await providers.find('auto')
    assert.equal((await providers.find(['webgpu']))[0]?.usable, true)
  })

  const FAILURES: readonly {
    readonly it: string
    readonly answer: () => Promise<readonly ProviderFinding[]>
    readonly reason: string
  }[] = [
    {
      it: 'takes the failure of the probe as the reason',
      answer: () => Promise.reject(new Error('the probe ended with SIGSEGV')),
      reason: 'the probe ended with SIGSEGV',
    },
    {
      it: 'notices a provider that the probe left out',
      answer: async () => [],
      reason: 'the probe said nothing',
    },
  ]
  for (const { it: claim, answer, reason } of FAILURES) {
    it(claim, async () => {
      const findings = await new ProbedProviders(fakeProbe(answer).probe, () => true).find(['cuda'])
      assert.deepEqual(findings[0], { provider: 'cuda', usable: false, reason })
    })
  }
})

describe('childProbe', () => {
  /** A probe whose program is this code instead of ours. */
  const probe = (code: string) =>
    childProbe({ execPath: process.execPath, execArgv: ['-e', code, '--'] }, { MARK: 'm' })

  it('reads the last line of a program that kills itself after its answer', async () => {
    const answer = `console.log('a warning'); console.log(JSON.stringify({ providers: [
      { provider: 'cuda', usable: false, reason: [process.env.MARK, ...process.argv.slice(-2)].join(' ') }] }))`
    const findings = await probe(`${answer}; process.kill(process.pid, 'SIGKILL')`)(['cuda', 'webgpu'])
    assert.deepEqual(findings, [{ provider: 'cuda', usable: false, reason: 'm providers cuda,webgpu' }])
  })

  const SILENCES: readonly (readonly [it: string, code: string, message: string])[] = [
    ['crashes', 'process.abort()', 'the probe ended with SIGABRT, and said nothing'],
    ['exits', 'process.exit(7)', 'the probe ended with exit code 7, and said nothing'],
    ['does nothing', '', 'the probe ended with exit code 0, and said nothing'],
  ]
  for (const [claim, code, message] of SILENCES) {
    it(`says so when the program ${claim}`, () => assert.rejects(probe(code)(['cuda']), { message }))
  }

  it('hands the program nothing else of the environment', async () => {
    const answer = `console.log(JSON.stringify({ providers: Object.keys(process.env) }))`
    const names: readonly unknown[] = await probe(answer)(['cuda'])
    assert.deepEqual(names, ['MARK'])
  })
})

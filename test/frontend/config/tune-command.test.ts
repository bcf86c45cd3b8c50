import assert from 'node:assert/strict'
import { Command, CommanderError } from 'commander'
import { addTune, type GivenForTune } from '../../../frontend/config/tune-command.ts'

async function given(...args: string[]): Promise<GivenForTune & { archive: string }> {
  const told: (GivenForTune & { archive: string })[] = []
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  addTune(program, async (archive, options) => void told.push({ archive, ...options }))
  await program.parseAsync(['tune', ...args], { from: 'user' })
  const [first] = told
  assert.ok(first)
  return first
}

const REQUIRED = ['m.mar', '--samples', 'samples']

describe('onnxserve tune', () => {
  it('needs an archive and samples only', async () => {
    assert.deepEqual(await given(...REQUIRED), {
      archive: 'm.mar',
      samples: 'samples',
      objective: { kind: 'throughput' },
      seconds: 3,
      dryRun: false,
    })
  })

  const ACCEPTED: readonly (readonly [
    flag: string,
    value: string,
    key: keyof GivenForTune,
    expected: unknown,
  ])[] = [
    ['--batch-rows', '1, 8,8,64', 'batchRows', [1, 8, 64]],
    ['--workers', '2', 'workers', [2]],
    ['--threads', '1,2', 'threads', [1, 2]],
    ['--providers', 'cpu, webgpu', 'providers', ['cpu', 'webgpu']],
    ['--objective', 'latency', 'objective', { kind: 'latency' }],
    ['--objective', 'latency:12.5', 'objective', { kind: 'bounded', maxMs: 12.5 }],
    ['--seconds', '0.5', 'seconds', 0.5],
  ]
  for (const [flag, value, key, expected] of ACCEPTED) {
    it(`takes ${flag} '${value}'`, async () => {
      assert.deepEqual((await given(...REQUIRED, flag, value))[key], expected)
    })
  }

  const REFUSED: readonly (readonly [flag: string, value: string, message: RegExp])[] = [
    ['--batch-rows', '0', /integers from 1 to 65536/],
    ['--batch-rows', '1,,2', /integers from 1 to 65536/],
    ['--workers', 'two', /integers from 1 to 256/],
    ['--threads', '1.5', /integers from 1 to 256/],
    ['--providers', 'cpu,gpu', /Expected some of tensorrt, cuda, webgpu, cpu/],
    ['--objective', 'latency:0', /latency:<ms>/],
    ['--objective', 'speed', /throughput, latency/],
    ['--seconds', '-1', /above 0/],
  ]
  for (const [flag, value, message] of REFUSED) {
    it(`refuses ${flag} '${value}', and says what is expected`, () =>
      assert.rejects(given(...REQUIRED, flag, value), (error) => {
        assert.ok(error instanceof CommanderError)
        assert.match(error.message, message)
        return true
      }))
  }
})

import assert from 'node:assert/strict'
import { Command } from 'commander'
import { addConfigOptions, sourcesFromOptions } from '../../../frontend/config/flags.ts'
import { commandFrom } from '../../../frontend/config/torchserve-flags.ts'

const COMMANDS = [
  { it: 'starts in the foreground when nothing is said', args: [], expected: ['start'] },
  { it: 'leaves its own subcommands alone', args: ['stop', '--start'], expected: ['stop', '--start'] },
  { it: 'detaches after --start', args: ['--start', '--ncs'], expected: ['start', '--detach', '--ncs'] },
  { it: 'stays after --start --foreground', args: ['--foreground', '--start'], expected: ['start'] },
  { it: 'stays when only --foreground is said', args: ['--foreground'], expected: ['start'] },
  { it: 'starts for flags alone', args: ['--model-store', 'x'], expected: ['start', '--model-store', 'x'] },
  {
    it: 'stops after --stop, wherever it is told to',
    args: ['--model-store', 'x', '--stop'],
    expected: ['stop', '--model-store', 'x'],
  },
  { it: 'prints its version after --version', args: ['--version'], expected: ['version'] },
  { it: 'prints its version after -v', args: ['-v'], expected: ['version'] },
  { it: 'leaves --help to the program', args: ['--help'], expected: ['--help'] },
  { it: 'refuses --start with --stop', args: ['--start', '--stop'], expected: undefined },
]

describe("the command that TorchServe's flags ask for", () => {
  for (const c of COMMANDS) it(c.it, () => assert.deepEqual(commandFrom(c.args), c.expected))
})

const FLAGS = [
  {
    args: ['--models', 'a=a.mar', 'b.mar', '--model-store', 'x'],
    expected: [{ flag: '--models', property: 'load_models', text: 'a=a.mar,b.mar' }],
  },
  { args: ['--models', 'all'], expected: [{ flag: '--models', property: 'load_models', text: 'all' }] },
  { args: ['--ncs'], expected: [{ flag: '--no-config-snapshots', property: 'restore', text: 'false' }] },
  {
    args: ['--no-config-snapshots'],
    expected: [{ flag: '--no-config-snapshots', property: 'restore', text: 'false' }],
  },
  {
    args: ['--dt'],
    expected: [{ flag: '--disable-token-auth', property: 'disable_token_authorization', text: 'true' }],
  },
  {
    args: ['--ppath', '/p'],
    expected: [{ flag: '--plugins-path', property: 'plugins_path', text: '/p' }],
  },
  {
    args: ['--log-config', 'log4j2.xml'],
    expected: [{ flag: '--log-config', property: 'log_config', text: 'log4j2.xml' }],
  },
  { args: [], expected: [] },
]

function sourcesOf(args: readonly string[]) {
  const command = addConfigOptions(new Command().exitOverride())
  return sourcesFromOptions(command.parse(args, { from: 'user' }).opts())
}

describe("TorchServe's flags", () => {
  for (const { args, expected } of FLAGS) {
    it(`'${args.join(' ')}' is read as a property`, () => {
      assert.deepEqual(sourcesOf(args).flagProperties, expected)
    })
  }

  it('name the configuration file', () => {
    assert.equal(sourcesOf(['--ts-config', 'x']).configFile, 'x')
  })

  it('may not name it twice', () => {
    assert.throws(() => sourcesOf(['--ts-config', 'x', '--config-file', 'y']), {
      code: 'invalid_argument',
      message: /--config-file and --ts-config mean the same/,
    })
  })

  it('switch a toggle on without a value', () => {
    assert.equal(sourcesOf(['--access-log']).flags.accessLog, 'true')
  })
})

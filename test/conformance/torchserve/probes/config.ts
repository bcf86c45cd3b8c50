import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type ConfigSources, type LoadedConfig } from '../../../../frontend/config/load.ts'
import { quirksOf, type Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { messageOf } from '../../../../worker/contract/errors.ts'

type Given = {
  readonly files: Readonly<Record<string, string>>
  readonly sources?: Partial<ConfigSources>
}

/** Looks at the configuration that sources and files make together; at the message where it is refused. */
function configured(given: Given, look: (loaded: LoadedConfig) => unknown) {
  return (compatibility: Compatibility): Promise<unknown> => {
    const workingDirectory = mkdtempSync(join(tmpdir(), 'onnxserve-quirk-'))
    try {
      for (const [name, text] of Object.entries(given.files)) {
        writeFileSync(join(workingDirectory, name), `${text}\ncompatibility=${compatibility}\n`)
      }
      const environment = { ONNXSERVE_COMPATIBILITY: compatibility, ...given.sources?.environment }
      const sources = { flags: {}, workingDirectory, ...given.sources, environment }
      return Promise.resolve(look(loadConfig(sources, quirksOf)))
    } catch (error) {
      return Promise.resolve(messageOf(error).replace(/^.*config\.properties/, 'config.properties'))
    } finally {
      rmSync(workingDirectory, { recursive: true })
    }
  }
}

export const configProbes = {
  configFileOrder: {
    observe: configured(
      {
        files: { 'flag.properties': 'job_queue_size=1', 'variable.properties': 'job_queue_size=2' },
        sources: {
          configFile: 'flag.properties',
          environment: { TS_CONFIG_FILE: 'variable.properties' },
        },
      },
      ({ config }) => config.maxQueuedRequests,
    ),
    strict: 1,
    torchserve: 2,
  },
  torchserveDefaults: {
    observe: configured({ files: {} }, ({ config }) => config.maxQueuedRequests),
    strict: 1000,
    torchserve: 100,
  },
  unknownProperties: {
    observe: configured({ files: { 'config.properties': 'vmargs=-Xmx1g' } }, ({ notes }) =>
      notes.map((note) => note.replace(/^.*config\.properties/, 'config.properties')),
    ),
    strict:
      "config.properties:1: 'vmargs' configures the Java virtual machine of TorchServe; there is none here; " +
      'remove it, or set compatibility=torchserve, which passes over such keys',
    torchserve: [
      "config.properties:1: 'vmargs' configures the Java virtual machine of TorchServe; there is none here; ignored",
    ],
  },
  variablesBeforeFlags: {
    observe: configured(
      {
        files: {},
        sources: { flags: { logLocation: '/flag' }, environment: { LOG_LOCATION: '/variable' } },
      },
      ({ config }) => config.logLocation,
    ),
    strict: '/flag',
    torchserve: '/variable',
  },
}

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { createProgram, type GivenOnCommandLine } from '../../frontend/config/command-line.ts'
import { loadConfig } from '../../frontend/config/load.ts'
import { commandFrom } from '../../frontend/config/torchserve-flags.ts'
import { quirksOf } from '../../frontend/protocols/torchserve/quirks.ts'

type Probe = { readonly httpGet: { readonly path: string; readonly port: number } }
type Container = {
  readonly name: string
  readonly args: readonly string[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
} & Readonly<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe>>
type Runtime = { readonly kind: string; readonly spec: { readonly containers: readonly Container[] } }

/** The configuration that the container's arguments make. */
async function configOf(args: readonly string[]) {
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
    (code) => assert.fail(`the arguments are refused with ${code}`),
  )
  await program.parseAsync(commandFrom(args) ?? [], { from: 'user' })
  const [given = { flags: {} }] = starts
  return loadConfig({ ...given, environment: {}, workingDirectory: '/' }, quirksOf).config
}

const FILES = [
  { file: 'two-ports.yaml', ports: ['http1 8080', 'grpc 9000'], onePort: false },
  { file: 'one-port.yaml', ports: ['h2c 8080'], onePort: true },
]

for (const { file, ports, onePort } of FILES) {
  describe(`deploy/kserve/${file}`, () => {
    let container: Container
    before(async () => {
      const text = await readFile(new URL(`../../deploy/kserve/${file}`, import.meta.url), 'utf8')
      const { kind, spec } = parse(text) as Runtime
      assert.equal(kind, 'ClusterServingRuntime')
      const [only, ...others] = spec.containers
      assert.ok(only !== undefined && others.length === 0)
      container = only
    })

    it("has KServe's container, and its ports in the order that KServe reads", () => {
      assert.equal(container.name, 'kserve-container')
      assert.deepEqual(
        container.ports.map(({ name, containerPort }) => `${name} ${containerPort}`),
        ports,
      )
    })

    it('listens where its ports are, with flags that the server takes', async () => {
      const args = container.args.map((arg) => arg.replace('{{.Name}}', 'net'))
      const config = await configOf(args)
      assert.deepEqual(config.inferenceAddress, { host: '0.0.0.0', port: container.ports[0]?.containerPort })
      assert.deepEqual(config.metricsAddress, config.inferenceAddress)
      assert.deepEqual([config.modelName, config.modelPaths], ['net', ['/mnt/models']])
      assert.equal(config.onePort, onePort)
      assert.equal(config.onePort || config.grpcInferencePort === container.ports[1]?.containerPort, true)
    })

    it('asks for health where it is told', () => {
      const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe]
      assert.deepEqual(
        probes.map(({ httpGet }) => `${httpGet.port} ${httpGet.path}`),
        ['8080 /v2/health/ready', '8080 /v2/health/ready', '8080 /v2/health/live'],
      )
    })
  })
}

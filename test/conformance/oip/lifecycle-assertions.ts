import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packTestArchive } from '../../support/archives.ts'
import { freePorts } from '../../support/free-ports.ts'
import { http } from '../../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { bearer, tokenText } from '../../support/tokens.ts'
import type { Assertion } from './assertion.ts'
import { OPTIONAL } from './oip-store.ts'
import { late } from './requests.ts'

const INFERENCE = tokenText('inference')
const MANAGEMENT = tokenText('management')
const TOKENS = { ONNXSERVE_INFERENCE_TOKEN: INFERENCE, ONNXSERVE_MANAGEMENT_TOKEN: MANAGEMENT }

/** Loads when the file that its configuration names is there. */
const WAITING = `
import { access } from 'node:fs/promises'
import { defineHandler } from 'onnxserve/handler'

const isThere = (path) => access(path).then(() => true, () => false)

export default defineHandler({
  async initialize({ config }) {
    while (!(await isThere(config.file))) await new Promise((resolve) => setTimeout(resolve, 20))
  },
  handle: (requests) => requests.map(() => 'ready'),
})
`

/** Those that need a server of their own. */
export const LIFECYCLE_ASSERTIONS: readonly Assertion[] = [
  { number: 3, it: 'a server whose model loads is live, and not ready', run: showsLoading },
  {
    number: 74,
    it: 'loading where models are not controlled explicitly',
    run: () => withServer({}, refusesToLoad),
  },
  {
    number: 88,
    it: 'the control of models asks for its token: none, a wrong one, the right one',
    run: () =>
      withServer(TOKENS, async (server) => {
        const index = `${server.inference}/v2/repository/index`
        const statuses = [undefined, INFERENCE, MANAGEMENT].map((token) => statusOf(index, token))
        assert.deepEqual(await Promise.all(statuses), [401, 403, 200])
      }),
  },
  {
    number: 89,
    it: 'tokens on every alias of a route',
    run: () =>
      withServer(TOKENS, async ({ inference }) => {
        const aliases = ['', '/versions/1.0', '/versions/1%2E0'].map(
          (version) => `${inference}/v2/models/late${version}/infer`,
        )
        for (const token of [undefined, INFERENCE]) {
          const statuses = await Promise.all(aliases.map((url) => statusOf(url, token)))
          const expected = token === undefined ? 401 : 200
          assert.deepEqual(statuses, [expected, expected, expected])
        }
      }),
  },
  {
    number: 96,
    it: 'requests in flight finish when the server ends',
    run: () =>
      withServer({}, async (server) => {
        const running = statusOf(`${server.inference}/v2/models/late/infer`, undefined, late(600))
        await http(`${server.inference}/v2/health/live`)
        const exit = server.stop()
        assert.deepEqual([await running, await exit], [200, 0])
      }),
  },
]

async function showsLoading(): Promise<void> {
  const modelStore = await temporaryDirectory()
  const file = join(modelStore, 'go')
  const config = `handler:\n  file: ${JSON.stringify(file)}\n`
  await packTestArchive(modelStore, { modelName: 'waiting', handler: WAITING, config })
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const args = ['--load-models', 'all', '--inference-address', url]
  const starting = ServerProcess.start({ modelStore, args })
  await untilListening(url)
  const { status, text } = await http(`${url}/v2/health/ready`)
  await writeFile(file, '')
  const server = await starting
  const ready = await http(`${url}/v2/health/ready`)
  await server.stop()
  await removeDirectory(modelStore)
  assert.deepEqual([status, (JSON.parse(text) as { ready: boolean }).ready, ready.status], [503, false, 200])
}

async function untilListening(url: string): Promise<void> {
  const isLive = () =>
    http(`${url}/v2/health/live`).then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isLive())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function refusesToLoad({ inference }: ServerProcess): Promise<void> {
  const answer = await http(`${inference}/v2/repository/models/late/load`, { body: '{}' })
  assert.equal(answer.status, 409)
  assert.match(answer.text, /model_control_mode/)
}

async function statusOf(url: string, token?: string, body: object = late(1)): Promise<number> {
  const headers = token === undefined ? {} : { authorization: bearer(token) }
  return (await http(url, { body: JSON.stringify(url.endsWith('/index') ? {} : body), headers })).status
}

/** With the model `late`. */
async function withServer(
  environment: Readonly<Record<string, string>>,
  use: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const modelStore = await temporaryDirectory()
  await packTestArchive(modelStore, { modelName: 'late', handler: OPTIONAL })
  const server = await ServerProcess.start({ modelStore, environment, args: ['--load-models', 'all'] })
  try {
    await use(server)
  } finally {
    await server.stop()
    await removeDirectory(modelStore)
  }
}

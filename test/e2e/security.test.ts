import assert from 'node:assert/strict'
import { status as grpcStatus } from '@grpc/grpc-js'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packTestArchive } from '../support/archives.ts'
import { GrpcClient, HEALTH, INFERENCE, MANAGEMENT } from '../support/grpc-client.ts'
import { http } from '../support/http-client.ts'
import { listeningSockets } from '../support/listening-sockets.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { bearer, tokenText } from '../support/tokens.ts'

const TOKENS = {
  ONNXSERVE_INFERENCE_TOKEN: tokenText('inference'),
  ONNXSERVE_MANAGEMENT_TOKEN: tokenText('management'),
}

function hostOf(url: string): string {
  return url.replace('http://', '')
}

describe('the built server', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess | undefined

  beforeEach(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
  })

  afterEach(async () => {
    await server?.stop()
    server = undefined
    await removeDirectory(modelStore)
  })

  async function start(args: readonly string[] = [], environment: Record<string, string> = {}) {
    server = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'tiny.mar', ...args],
      environment,
    })
    return server
  }

  it('listens where its settings say and nowhere else, its worker processes neither', async () => {
    const { pid, inference, management, metrics, grpcInference, grpcManagement } = await start()
    assert.deepEqual(
      listeningSockets(pid),
      [hostOf(inference), hostOf(management), hostOf(metrics), grpcInference, grpcManagement].sort(),
    )
  })

  it('listens on a unix socket that only its user may use', async () => {
    const path = join(modelStore, 'management.sock')
    const { pid, inference } = await start([
      '--management-address',
      `unix:${path}`,
      '--enable-metrics-api',
      'true',
      '--enable-grpc-api',
      'false',
      '--metrics-address',
      'http://127.0.0.1:0',
    ])
    const sockets = listeningSockets(pid)
    assert.equal(sockets.length, 3)
    assert.ok(sockets.includes(path) && sockets.includes(hostOf(inference)), sockets.join())
    assert.equal((await stat(path)).mode & 0o077, 0)
  })

  const EXPOSED = ['--management-address http://0.0.0.0:0', '--grpc-inference-address 0.0.0.0']
  for (const flag of EXPOSED) {
    it(`exits 2 before it listens with ${flag} and no tokens`, async () => {
      await assert.rejects(start(flag.split(' ')), /ended with 2[^]*allow_unauthenticated_exposure/)
    })
  }

  it('asks for tokens over HTTP and gRPC alike, and keeps them out of its log', async () => {
    const { inference, management, grpcInference, grpcManagement } = await start([], TOKENS)
    const headers = { authorization: bearer(TOKENS.ONNXSERVE_MANAGEMENT_TOKEN) }
    assert.equal((await http(`${management}/models`)).status, 401)
    assert.equal((await http(`${inference}/predictions/tiny`, { body: '{}', headers })).status, 403)
    assert.equal((await http(`${management}/models`, { headers })).status, 200)
    assert.equal((await http(`${inference}/ping`)).status, 200)
    const clients = {
      inference: new GrpcClient(grpcInference, INFERENCE),
      management: new GrpcClient(grpcManagement, MANAGEMENT),
      health: new GrpcClient(grpcManagement, HEALTH),
    }
    const { UNAUTHENTICATED, PERMISSION_DENIED } = grpcStatus
    const list = (metadata: Record<string, string>) =>
      clients.management.unary('ListModels', {}, { metadata })
    const wrong = { authorization: bearer(TOKENS.ONNXSERVE_INFERENCE_TOKEN) }
    const request = { model_name: 'tiny', input: {} }
    await assert.rejects(clients.inference.unary('Predictions', request), { code: UNAUTHENTICATED })
    await assert.rejects(list({}), { code: UNAUTHENTICATED })
    await assert.rejects(list(wrong), { code: PERMISSION_DENIED })
    assert.match(JSON.stringify((await list(headers)).message), /tiny/)
    assert.equal((await clients.health.unary('Check', {})).message['status'], 'SERVING')
    for (const client of Object.values(clients)) client.close()
    await server?.stop()
    for (const token of Object.values(TOKENS)) assert.ok(!server?.output.includes(token))
  })

  it('makes keys for its user alone, and takes them away when it stops', async () => {
    const keyFile = join(modelStore, 'key_file.json')
    const running = await start(['--token-authorization', 'on', '--key-file', keyFile])
    const { management } = JSON.parse(await readFile(keyFile, 'utf8')) as { management: { key: string } }
    const headers = { authorization: bearer(management.key) }
    assert.equal((await http(`${running.management}/models`, { headers })).status, 200)
    assert.ok(!running.output.includes(management.key))
    await running.stop()
    await assert.rejects(readFile(keyFile), { code: 'ENOENT' })
  })

  it('leaves the key file of a running server alone when another one cannot start', async () => {
    const keyFile = join(modelStore, 'key_file.json')
    const args = ['--token-authorization', 'on', '--key-file', keyFile]
    await start(args)
    const before = await readFile(keyFile, 'utf8')
    await assert.rejects(ServerProcess.start({ modelStore, args })) // its state directory is in use
    assert.equal(await readFile(keyFile, 'utf8'), before)
  })

  it('refuses a token that could be guessed, and does not show it', async () => {
    await writeFile(
      join(modelStore, 'tokens.json'),
      JSON.stringify({ tokens: [{ name: 'ci', token: 'hunter2hunter2', scopes: ['inference'] }] }),
    )
    await assert.rejects(start(['--token-file', join(modelStore, 'tokens.json')]), (error: Error) => {
      assert.match(error.message, /'ci'.*at most 84 bits/)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  })
})

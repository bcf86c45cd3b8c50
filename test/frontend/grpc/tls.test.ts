import { credentials, status, type ChannelCredentials } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { SecureServer } from '../../../frontend/grpc/listener.ts'
import { secureServerOf } from '../../../frontend/security/tls-server.ts'
import { TlsSource } from '../../../frontend/security/tls-source.ts'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { identity, type Identity } from '../../support/certificates.ts'
import { GrpcClient, INFERENCE } from '../../support/grpc-client.ts'
import { GrpcFixture } from '../../support/grpc-fixture.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('gRPC over TLS', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let own: Identity
  let caller: Identity
  let server: GrpcFixture
  let tls: TlsSource
  const clients: GrpcClient[] = []

  async function start(
    more: { readonly clientCaFile?: string } = {},
    handshakeTimeoutMs = 5000,
  ): Promise<void> {
    const file = (name: string) => join(directory.path, name)
    await writeFile(file('cert.pem'), own.cert)
    await writeFile(file('key.pem'), own.key)
    await writeFile(file('ca.pem'), caller.cert)
    tls = new TlsSource(
      {
        certificateFile: file('cert.pem'),
        privateKeyFile: file('key.pem'),
        keystore: '',
        keystorePass: '',
        clientCaFile: '',
        ...more,
      },
      () => undefined,
    )
    const secureServer: SecureServer = secureServerOf(tls, handshakeTimeoutMs)
    server = await GrpcFixture.open({ options: { secureServer } })
  }

  function client(channel: ChannelCredentials): GrpcClient {
    const made = new GrpcClient(server.targets[0] ?? '', INFERENCE, { channel })
    clients.push(made)
    return made
  }

  const trusting = (certificate: string) => credentials.createSsl(Buffer.from(certificate))

  before(async () => {
    own = await identity('server')
    caller = await identity('caller')
  })
  beforeEach(async () => {
    directory = await temporaryDirectory()
  })
  afterEach(async () => {
    for (const each of clients.splice(0)) each.close()
    await server.close()
    tls.close()
    await directory.remove()
  })

  it('serves a client that trusts the certificate', async () => {
    await start()
    await client(trusting(own.cert)).unary('Ping', {})
  })

  it('serves neither plain text nor a client that trusts another certificate', async () => {
    await start()
    for (const channel of [credentials.createInsecure(), trusting(caller.cert)]) {
      const { code } = await client(channel).failure('Ping', {}, { deadline: Date.now() + 2000 })
      assert.ok(code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED, status[code])
    }
  })

  it('serves only clients whose certificate was signed, where that is asked for', async () => {
    await start({ clientCaFile: join(directory.path, 'ca.pem') })
    const withCertificate = credentials.createSsl(
      Buffer.from(own.cert),
      Buffer.from(caller.key),
      Buffer.from(caller.cert),
    )
    await client(withCertificate).unary('Ping', {})
    const { code } = await client(trusting(own.cert)).failure('Ping', {}, { deadline: Date.now() + 2000 })
    assert.ok(code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED, status[code])
  })

  it('closes a connection that does not finish its handshake in time', async () => {
    await start({}, 50)
    const socket = connect(Number(server.targets[0]?.split(':').at(-1)), '127.0.0.1')
    socket.resume().on('error', () => undefined)
    await once(socket, 'close')
  })

  it('shows new clients the certificate that replaced the first', async () => {
    await start()
    const early = client(trusting(own.cert))
    await early.unary('Ping', {})
    await writeFile(join(directory.path, 'cert.pem'), caller.cert)
    await writeFile(join(directory.path, 'key.pem'), caller.key)
    tls.checkFiles()
    await client(trusting(caller.cert)).unary('Ping', {})
    await early.unary('Ping', {})
  })
})

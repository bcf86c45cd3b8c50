import type { Server, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { TlsSource } from './tls-source.ts'

/** Older versions have known weaknesses. */
const MIN_TLS_VERSION = 'TLSv1.2'
const HTTP2 = 'h2'

/** A TLS server for gRPC, which follows its source of certificates: open connections keep theirs. */
export function secureServerOf(
  tls: TlsSource,
  handshakeTimeoutMs: number,
): (onConnection: (socket: Socket) => void) => Server {
  return (onConnection) => {
    const server = createServer(
      {
        ...tls.current,
        minVersion: MIN_TLS_VERSION,
        ALPNProtocols: [HTTP2],
        requestCert: tls.asksForCertificates,
        rejectUnauthorized: tls.asksForCertificates,
        handshakeTimeout: handshakeTimeoutMs,
      },
      onConnection,
    )
    // Node says that a handshake has failed, or has not ended in time, and leaves its connection open (20.20).
    server.on('tlsClientError', (_, socket) => {
      socket.destroy()
    })
    const unsubscribe = tls.onChange((material) => {
      server.setSecureContext({ ...material, minVersion: MIN_TLS_VERSION })
    })
    server.once('close', unsubscribe)
    return server
  }
}

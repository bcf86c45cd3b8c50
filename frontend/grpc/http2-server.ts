import type { Server } from '@grpc/grpc-js'
import type { Http2Server } from 'node:http2'

const MEBIBYTE = 2 ** 20
/** As clients in C++ and Java choose for themselves; the protocol's own 64 KiB make a large message wait at each. */
const STREAM_WINDOW_BYTES = 4 * MEBIBYTE
/** A call whose request is not read does not stop the others of its connection. */
const CONNECTION_WINDOW_BYTES = 4 * STREAM_WINDOW_BYTES

/** How much clients may send before the server has taken it, of calls and of connections; of those that come. */
export function widenWindows(server: Server): void {
  const http2 = http2ServerOf(server)
  http2.updateSettings({ initialWindowSize: STREAM_WINDOW_BYTES })
  http2.on('session', (session) => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
  })
}

/**
 * Not part of grpc-js' public types, which know no way to the server of an injector (1.14.7, pinned), nor an option
 * for its windows. Remove it when they do: https://github.com/grpc/grpc-node
 *
 * @param server with one connection injector and no port
 */
export function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> }
  const [http2] = http2Servers?.keys() ?? []
  if (http2 === undefined) throw new Error('this version of grpc-js keeps its HTTP/2 servers elsewhere')
  return http2
}

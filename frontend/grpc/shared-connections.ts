import type { Server } from '@grpc/grpc-js'
import type { Http2Server, Http2ServerRequest, Http2ServerResponse, IncomingHttpHeaders } from 'node:http2'
import { http2ServerOf } from './http2-server.ts'

/** Takes the requests on a connection that are no gRPC. */
export type OnOtherRequest = (req: Http2ServerRequest, res: Http2ServerResponse) => void

type StreamListener = (stream: unknown, headers: IncomingHttpHeaders, ...others: readonly unknown[]) => void

/**
 * Lets gRPC share its HTTP/2 connections with other requests, as gateways mix them: each stream goes by its content
 * type to grpc-js or to `onOther`. The sessions stay grpc-js' own, with their pings, ages and limits.
 *
 * @param server with one connection injector and no port
 */
export function shareConnections(server: Server, onOther: OnOtherRequest): void {
  const http2 = http2ServerOf(server)
  const forGrpc = takeStreamListeners(http2)
  // Node hears of streams from here on, and makes requests and responses of them.
  http2.on('request', onOther)
  http2.on('checkContinue', onOther)
  const forOthers = takeStreamListeners(http2)
  http2.on('stream', (stream, headers, ...others) => {
    for (const listener of isGrpc(headers) ? forGrpc : forOthers) {
      listener.call(http2, stream, headers, ...others)
    }
  })
}

function takeStreamListeners(http2: Http2Server): readonly StreamListener[] {
  const listeners = http2.listeners('stream') as StreamListener[] // those of this event
  http2.removeAllListeners('stream')
  return listeners
}

/** grpc-web has the same start and is another protocol. */
function isGrpc({ 'content-type': type }: IncomingHttpHeaders): boolean {
  return type !== undefined && /^application\/grpc(?:$|[+; ])/i.test(type)
}

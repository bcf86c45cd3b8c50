import { ServingError } from '../worker/contract/errors.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import type { GrpcListener, GrpcOptions } from './grpc/listener.ts'
import type { HttpListener, HttpPolicy } from './http/listener.ts'

/**
 * One port for HTTP/1.1, HTTP/2 and gRPC: the HTTP listener of the inference address gives connections of HTTP/2 to
 * the gRPC listener, and gets back the requests on them that are no gRPC.
 */
export class OnePort {
  #http: HttpListener | undefined
  #grpc: GrpcListener | undefined

  readonly onHttp2: NonNullable<HttpPolicy['onHttp2']> = (socket) => {
    if (this.#grpc === undefined) socket.destroy()
    else this.#grpc.serve(socket)
  }

  readonly onOtherRequest: NonNullable<GrpcOptions['onOtherRequest']> = (req, res) => {
    this.#http?.serveHttp2(req, res)
  }

  /** Both before the first one listens. */
  join(part: { readonly http: HttpListener } | { readonly grpc: GrpcListener }): void {
    if ('http' in part) this.#http = part.http
    else this.#grpc = part.grpc
  }
}

/** @throws ServingError `invalid_argument` where settings contradict each other */
export function onePortOf(config: Config): OnePort | undefined {
  if (!config.onePort) return undefined
  if (config.enableGrpcApi) return new OnePort()
  const [onePort, grpc] = [SETTINGS.onePort.property, SETTINGS.enableGrpcApi.property]
  throw new ServingError(
    'invalid_argument',
    `${onePort}=true needs ${grpc}=true, because it serves gRPC on the inference address; leave one of them at its default`,
    { reason: 'config' },
  )
}

import { ServingError } from '../../worker/contract/errors.ts'

/** Where to listen: a host and a port, 0 for any free one, or the path of a unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** Says which address could not be bound, which setting holds it, and what to do. */
export function listenError(
  error: NodeJS.ErrnoException,
  address: ListenAddress,
  setting: string,
): ServingError {
  const place = 'path' in address ? `unix:${address.path}` : `${address.host}:${address.port}`
  const problem = `cannot listen on ${setting} ${place}: ${remedy(error, address)}`
  return new ServingError('failed_precondition', problem, { reason: 'listen', cause: error })
}

function remedy(error: NodeJS.ErrnoException, address: ListenAddress): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another process listens there; end it, or choose another port (0 for any free one)'
    case 'EACCES':
      return 'path' in address
        ? 'its directory does not exist or cannot be written' // libuv says EACCES for both
        : 'ports below 1024 need privileges; choose a higher one'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all interfaces'
    default:
      return error.message
  }
}

import { ServingError } from '../../worker/contract/errors.ts'

/** Where to listen; port 0 is any free one. */
export type ListenAddress = { readonly host: string; readonly port: number }

/** Says which address could not be bound, which setting holds it, and what to do. */
export function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: ListenAddress,
  setting: string,
): ServingError {
  const problem = `cannot listen on ${setting} ${host}:${port}: ${remedy(error)}`
  return new ServingError('failed_precondition', problem, { reason: 'listen', cause: error })
}

function remedy(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another process listens there; end it, or choose another port (0 for any free one)'
    case 'EACCES':
      return 'ports below 1024 need privileges; choose a higher one'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all interfaces'
    default:
      return error.message
  }
}

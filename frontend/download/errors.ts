import { messageOf, ServingError } from '../../worker/contract/errors.ts'

/* What is not fetched, and why; one function per situation, so that the messages are read side by side. */

/** Of policy: nobody learns from it whether anything is there. */
export function notAllowed(location: string, problem: string): ServingError {
  return new ServingError(
    'permission_denied',
    `'${location}' is not fetched: ${problem}. Copy the archive into the model store and give its file name, or add the address under which it lies to allowed_urls`,
    { reason: 'download' },
  )
}

export function badLocation(location: string, problem: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `'${location}' ${problem}; give the file name of an archive in the model store, or an http, https or file address`,
    { reason: 'download' },
  )
}

export function downloadFailed(location: string, cause: unknown): ServingError {
  return new ServingError(
    'invalid_argument',
    `the archive could not be fetched from '${location}': ${messageOf(cause)}`,
    {
      cause,
      reason: 'download',
    },
  )
}

export function diskFull(location: string, cause: unknown): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the archive at '${location}' does not fit: the disk of state_dir is full`,
    { cause, reason: 'disk_full' },
  )
}

export function downloadTooLarge(location: string, maxBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the archive at '${location}' is larger than ${maxBytes} bytes, the limit max_download_bytes`,
    { reason: 'download' },
  )
}

export function downloadTooSlow(location: string, timeoutMs: number): ServingError {
  return new ServingError(
    'deadline_exceeded',
    `the archive could not be fetched from '${location}' within ${timeoutMs} ms, the limit download_timeout_ms`,
    { reason: 'download' },
  )
}

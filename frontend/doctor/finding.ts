/** `ok`: as it should be; `note`: absent, and not needed; `warn`: works, but worse than it could; `fail`: does not work. */
export type FindingStatus = 'ok' | 'note' | 'warn' | 'fail'

/** What one check found. */
export type Finding = {
  /** What was looked at, a few words. */
  readonly check: string
  readonly status: FindingStatus
  /** What was found, and where it was read. */
  readonly found: string
  /** A sentence or a command to copy; of everything that is not `ok`, where there is one. */
  readonly fix?: string
}

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found }
}

export function note(check: string, found: string, fix?: string): Finding {
  return { check, status: 'note', found, ...(fix === undefined ? {} : { fix }) }
}

export function warn(check: string, found: string, fix: string): Finding {
  return { check, status: 'warn', found, fix }
}

export function fail(check: string, found: string, fix: string): Finding {
  return { check, status: 'fail', found, fix }
}

import { randomBytes } from 'node:crypto'

/** The caller's own id if it is a sane one, else a new one. */
export function requestIdFrom(callersId: string | readonly string[] | undefined): string {
  return isSaneId(callersId) ? callersId : newRequestId()
}

/** Longer or stranger ids would be a way to write into logs and response headers. */
function isSaneId(value: string | readonly string[] | undefined): value is string {
  return typeof value === 'string' && /^[\w.:/+=-]{1,128}$/.test(value)
}

const ID_BYTES = 16
const IDS_PER_REFILL = 256
let pool = ''

/** 128 random bits in hex. Random bytes are drawn for many ids at once: the call costs more than the bytes. */
function newRequestId(): string {
  if (pool.length === 0) pool = randomBytes(ID_BYTES * IDS_PER_REFILL).toString('hex')
  const id = pool.slice(-2 * ID_BYTES)
  pool = pool.slice(0, -2 * ID_BYTES)
  return id
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/*
 * What the operating system says of listening sockets: who holds them is in /proc/<pid>/fd, their addresses are in
 * /proc/net. Linux only.
 */

const LISTEN_STATE = '0A'
/** The flag of a unix socket that accepts connections. */
const ACCEPTS_CONNECTIONS = 0x10000

/** `host:port` and paths, sorted, on which the process and its descendants accept connections. */
export function listeningSockets(pid: number): string[] {
  const inodes = new Set(familyOf(pid).flatMap(socketInodes))
  const tcp = ['tcp', 'tcp6'].flatMap(tcpListeners).filter(({ inode }) => inodes.has(inode))
  const unix = unixListeners().filter(({ inode }) => inodes.has(inode))
  return [...tcp, ...unix].map(({ address }) => address).sort()
}

function familyOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid)
  return [pid, ...children.flatMap(familyOf)]
}

function parentOf(pid: number): number | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  const found = /^\d+ \(.*\) \S (\d+) /s.exec(stat)?.[1]
  return found === undefined ? undefined : Number(found)
}

function socketInodes(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // closed meanwhile
    }
  })
}

function tcpListeners(table: string): { address: string; inode: string }[] {
  return linesOf(`/proc/net/${table}`).flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [, local = '', , state, , , , , , inode = ''] = fields
    return state === LISTEN_STATE ? [{ address: addressFromHex(local), inode }] : []
  })
}

function unixListeners(): { address: string; inode: string }[] {
  return linesOf('/proc/net/unix').flatMap((line) => {
    const [, , , flags = '0', , , inode = '', path = 'unnamed'] = line.trim().split(/\s+/)
    return Number.parseInt(flags, 16) & ACCEPTS_CONNECTIONS ? [{ address: path, inode }] : []
  })
}

/** The kernel writes each 32-bit word of an address in the byte order of the machine, here little-endian. */
function addressFromHex(text: string): string {
  const [address = '', port = ''] = text.split(':')
  const words = address.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse())
  const host =
    bytes.length === 4 ? bytes.map((byte) => Number.parseInt(byte, 16)).join('.') : `[${bytes.join('')}]`
  return `${host}:${Number.parseInt(port, 16)}`
}

function linesOf(path: string): string[] {
  return readOrEmpty(path).split('\n').slice(1)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'

/** Ports of loopback that nobody listened on a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port) // it listens on a port
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Waits until something accepts connections on these ports of loopback. */
export async function untilListening(ports: readonly number[]): Promise<void> {
  for (const port of ports)
    while (!(await isListening(port))) await new Promise((next) => setTimeout(next, POLL_MS))
}

const POLL_MS = 20

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

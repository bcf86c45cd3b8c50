import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * What `node:http` does with bytes when nothing is done with them. `/piped` sends each piece back as it comes;
 * `/collected` waits for all of them, as whoever computes with them must. Tells its port over the channel of `fork`.
 */

function collected(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    response.writeHead(200, { 'content-length': body.byteLength })
    response.end(body)
  })
}

function piped(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': request.headers['content-length'] })
  request.pipe(response)
}

const server = createServer((request, response) => {
  if (request.url === '/piped') piped(request, response)
  else collected(request, response)
})
// Its connection is idle while others are measured.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())

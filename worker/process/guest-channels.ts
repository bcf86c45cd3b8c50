import { createServer, type Socket } from 'node:net'
import { FrameReader, MAX_FRAME_BYTES } from '../contract/frame.ts'
import type { ChannelSwitch } from './channel-switch.ts'

/** Listens for further frontend processes. @param path of a socket, in a directory that nobody else may enter */
export function listenForGuests(path: string, channels: ChannelSwitch): void {
  const server = createServer((socket) => {
    serve(socket, channels)
  })
  server.listen(path)
}

/** The first frame says which channel it is. What is no frame, or not allowed, costs the connection. */
function serve(socket: Socket, channels: ChannelSwitch): void {
  const reader = new FrameReader(MAX_FRAME_BYTES)
  let channel: number | undefined
  socket.on('data', (chunk: Uint8Array) => {
    try {
      for (const frame of reader.push(chunk)) {
        if (channel !== undefined) channels.receiveFrom(channel, frame)
        else {
          channel = frame.id
          channels.open(channel, (answer, sent) => void socket.write(answer, sent))
        }
      }
    } catch (error) {
      socket.destroy()
      process.stderr.write(`${String(error)}\n`)
    }
  })
  socket.on('error', () => undefined) // its end is told by `close`
  socket.on('close', () => {
    if (channel !== undefined) channels.close(channel)
  })
}

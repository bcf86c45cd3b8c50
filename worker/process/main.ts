import { Socket } from 'node:net'
import { join } from 'node:path'
import { FrameReader, type Frame } from '../contract/frame.ts'
import { readsOfFrames } from '../contract/frame-reads.ts'
import { ChannelSwitch, type SendFrame } from './channel-switch.ts'
import { listenForGuests } from './guest-channels.ts'
import { FrameRouter } from './frame-router.ts'

/*
 * Entry of a worker process: routes frames between the frontend, on file descriptor 3, and worker threads. This
 * thread never runs a model and never loads onnxruntime-node, so that it always notices when the frontend is gone.
 *
 * The process is only ever ended by SIGKILL, its own or the frontend's: a regular exit, while any thread is inside
 * ONNX Runtime, aborts or hangs.
 */
const CHANNEL_FD = 3
/** What the length field of a frame can say. */
const MAX_FRAME_BYTES = 2 ** 32 - 1

// Read when onnxruntime-node loads. It must be in the environment of the process before a thread copies that.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

// The frontend decides when workers end. A Ctrl-C or a service manager signals the whole group, us included.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`, end)
})

const options = {
  fd: CHANNEL_FD,
  readable: true,
  writable: true,
  onread: readsOfFrames(new FrameReader(MAX_FRAME_BYTES), (frame) => {
    if (channels === undefined) router.receive(frame)
    else channels.receive(frame)
  }),
}
const socket = new Socket(options)
const toFrontend: SendFrame = (frame, sent) => {
  socket.write(frame, sent)
}
// Where further frontend processes find this one; absent: there are none, and frames go straight through.
const [, , guestDirectory] = process.argv
const channels = guestDirectory === undefined ? undefined : new ChannelSwitch({ main: toFrontend, receive })
if (guestDirectory !== undefined && channels !== undefined) {
  listenForGuests(join(guestDirectory, `${process.pid}.sock`), channels)
}
const router = new FrameRouter({
  send: channels?.send ?? toFrontend,
  end: () => {
    socket.end(end)
  },
})
for (const event of ['end', 'close', 'error']) socket.on(event, end)

function receive(frame: Frame): void {
  router.receive(frame)
}

function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SocketReads } from '../../../worker/contract/frame-reads.ts'

/** The descriptor of a child process that its frames pass. */
const CHANNEL = 3

type PipedSocket = Duplex & { _handle?: unknown }

/** @returns undefined when the process could not be started for want of file descriptors */
export function pipedSocketOf(child: ChildProcess): PipedSocket | undefined {
  // `stdio: 'pipe'` beyond the first three is a duplex socket; the typings only know the general stream, and not
  // that there may be none.
  const stdio = child.stdio as ChildProcess['stdio'] | undefined
  return stdio?.[CHANNEL] as PipedSocket | undefined
}

/**
 * The socket, reading this way. `spawn` takes no `onread`, so another socket takes its handle over; a stream without
 * one is read as a stream.
 */
export function readSocket(piped: PipedSocket, reads: SocketReads): Duplex {
  const { _handle: handle } = piped
  if (handle === undefined || handle === null) return readStream(piped, reads)
  // Read again when the process ends, as all its streams are, it must not find the handle closed.
  piped._handle = null
  const options = { readable: true, handle, onread: reads }
  return new Socket(options)
}

/** A stream's own chunks. */
export function readStream(stream: Duplex, { callback }: SocketReads): Duplex {
  return stream.on('data', (chunk: Uint8Array) => {
    callback(chunk.byteLength, chunk)
  })
}

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { ServingError } from '../contract/errors.ts'
import { LiveList, type LivePlace } from '../contract/live-list.ts'
import type { ResponsePiece } from '../contract/messages.ts'
import { frameFromPiece, type MemberPiece } from '../contract/piece-codec.ts'
import type { CancelMessage } from '../process/thread-links.ts'
import type { RequestLink } from './batch-link.ts'

/** What a thread may have sent that the process's main thread has not handed to the socket. */
const MAX_UNDELIVERED_BYTES = 16 * 1024 * 1024
/** The main thread only routes frames: when nothing moves for this long, the frontend is stuck. */
const DELIVERY_TIMEOUT_MS = 30_000
/** Cancellations that arrived before their batch did; only the latest matter. */
const MAX_EARLY_CANCELS = 256

/**
 * The channel of a worker thread beside its task queue: pieces of answers and metrics up, cancellations down.
 *
 * Cancellations go to all threads of the process, because the pool alone knows which of them runs a batch.
 */
export class Uplink {
  readonly #port: MessagePort
  readonly #undeliveredBytes: Int32Array
  readonly #running = new LiveList<RunningBatch>()
  readonly #maxPieceBytes: number
  #early: CancelMessage[] = []

  /** @param undeliveredBytes one cell, shared with the other end, which subtracts what it has handed on */
  constructor(
    port: MessagePort,
    undeliveredBytes: Int32Array,
    maxPieceBytes: number = Number.POSITIVE_INFINITY,
  ) {
    this.#port = port
    this.#undeliveredBytes = undeliveredBytes
    this.#maxPieceBytes = maxPieceBytes
    port.on('message', (message: CancelMessage) => {
      this.#receive(message)
    })
    port.unref()
  }

  /** Opens the links of a batch, until {@link RunningBatch.close}. */
  open(batchId: number): RunningBatch {
    const batch = new RunningBatch(this, batchId)
    batch.place = this.#running.add(batch)
    if (this.#early.length > 0) this.#takeEarly(batch, batchId)
    return batch
  }

  /** Batches come in the order of their ids: what is meant for an earlier one is over, or another thread's. */
  #takeEarly(batch: RunningBatch, batchId: number): void {
    for (const early of this.#early) if (early.batchId === batchId) batch.cancel(early.member)
    this.#early = this.#early.filter((early) => early.batchId > batchId)
  }

  forget(place: LivePlace<RunningBatch>): void {
    this.#running.remove(place)
  }

  /** Takes in what arrived while the thread was too busy for its events. */
  poll(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: CancelMessage } | undefined // typed by node as any
      if (received === undefined) return
      this.#receive(received.message)
    }
  }

  sendPiece(batchId: number, piece: MemberPiece): void {
    const { byteLength } = piece.piece.bytes
    if (byteLength > this.#maxPieceBytes) throw pieceTooLarge(byteLength, this.#maxPieceBytes)
    this.send(frameFromPiece(batchId, piece))
  }

  /** Waits, blocking the thread, while too much is under way: a handler that never yields must not fill the memory. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#waitForRoom()
    Atomics.add(this.#undeliveredBytes, 0, frame.byteLength)
    this.#port.postMessage(frame, [frame.buffer])
  }

  #waitForRoom(): void {
    for (;;) {
      const bytes = Atomics.load(this.#undeliveredBytes, 0)
      if (bytes <= MAX_UNDELIVERED_BYTES) return
      if (Atomics.wait(this.#undeliveredBytes, 0, bytes, DELIVERY_TIMEOUT_MS) === 'timed-out') {
        throw new ServingError(
          'resource_exhausted',
          `${bytes} bytes of streamed answers have waited for ${DELIVERY_TIMEOUT_MS} ms to be sent on`,
          { reason: 'stream_stalled' },
        )
      }
    }
  }

  #receive(message: CancelMessage): void {
    const place = this.#running.find(({ batchId }) => batchId === message.batchId)
    if (place !== undefined) {
      place.member.cancel(message.member)
      return
    }
    this.#early.push(message)
    if (this.#early.length > MAX_EARLY_CANCELS) this.#early.shift()
  }
}

function pieceTooLarge(bytes: number, maxBytes: number): ServingError {
  return new ServingError(
    'internal',
    `a piece of the answer has ${bytes} bytes, the limit is ${maxBytes}; write smaller pieces, or raise maxResponseBytes`,
    { reason: 'response_too_large' },
  )
}

/** The links of one running batch. */
export class RunningBatch {
  /** Something was sent; the result must not overtake it. */
  hasSent = false
  /** Among the batches of its uplink, from when it is there. */
  place: LivePlace<RunningBatch> | undefined
  readonly batchId: number
  readonly #uplink: Uplink
  #cancelled: Set<number> | undefined
  #listeners: Map<number, (() => void)[]> | undefined

  constructor(uplink: Uplink, batchId: number) {
    this.#uplink = uplink
    this.batchId = batchId
  }

  link(member: number): RequestLink {
    return new MemberLink(this, member)
  }

  cancel(member: number): void {
    this.#cancelled ??= new Set()
    if (this.#cancelled.has(member)) return
    this.#cancelled.add(member)
    for (const listener of this.#listeners?.get(member) ?? []) listener()
  }

  isCancelled(member: number): boolean {
    this.#uplink.poll()
    return this.#cancelled?.has(member) ?? false
  }

  onCancel(member: number, listener: () => void): void {
    this.#listeners ??= new Map()
    this.#listeners.set(member, [...(this.#listeners.get(member) ?? []), listener])
  }

  send(member: number, piece: ResponsePiece): void {
    this.#uplink.sendPiece(this.batchId, { member, piece })
    this.hasSent = true
  }

  close(): void {
    if (this.place !== undefined) this.#uplink.forget(this.place)
  }
}

class MemberLink implements RequestLink {
  readonly #batch: RunningBatch
  readonly #member: number

  constructor(batch: RunningBatch, member: number) {
    this.#batch = batch
    this.#member = member
  }

  send(piece: ResponsePiece): void {
    this.#batch.send(this.#member, piece)
  }

  isCancelled(): boolean {
    return this.#batch.isCancelled(this.#member)
  }

  onCancel(listener: () => void): void {
    this.#batch.onCancel(this.#member, listener)
  }
}

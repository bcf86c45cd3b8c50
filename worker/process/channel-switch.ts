import { NO_BATCH_ID } from '../contract/batch-codec.ts'
import { channelOf, MAIN_CHANNEL } from '../contract/batch-ids.ts'
import { ServingError } from '../contract/errors.ts'
import { frameHeader, frameOf, isAlone, kindAndId, type Frame } from '../contract/frame.ts'
import type { InstanceHeader } from '../contract/messages.ts'
import { BatchTurns } from './batch-turns.ts'

/** Sends a frame. @param sent is called when it has been handed to the system */
export type SendFrame = (frame: Uint8Array, sent?: () => void) => void

export type ChannelSwitchOptions = {
  /** To the frontend process that has started this one. */
  readonly main: SendFrame
  /** Takes what a frontend process wants, in turn. */
  readonly receive: (frame: Frame) => void
}

/**
 * Several frontend processes on one worker process: each has a channel, and gets the answers to its own batches. What
 * is said of the threads goes to all of them; logs and metrics to the main one, which alone may load and stop.
 */
export class ChannelSwitch {
  readonly #options: ChannelSwitchOptions
  readonly #guests = new Map<number, SendFrame>()
  readonly #turns: BatchTurns
  /** The reports of loaded threads: a channel that opens later gets them, too. */
  readonly #instances: Uint8Array[] = []

  constructor(options: ChannelSwitchOptions) {
    this.#options = options
    this.#turns = new BatchTurns((frame) => {
      // So that its sender knows whether the batch had a part in it, should the process end.
      if (isAlone(frame.buffer)) this.#sendTo(channelOf(frame.id), frameOf('started', {}, frame.id))
      options.receive(frame)
    })
  }

  /** Of the main channel. */
  receive(frame: Frame): void {
    if (frame.kind === 'run') this.#turns.arrive(frame)
    else this.#options.receive(frame)
  }

  /** A further channel, by the number that its batches carry. */
  open(channel: number, send: SendFrame): void {
    this.#guests.set(channel, send)
    for (const report of this.#instances) send(report)
  }

  /** @throws ServingError `internal` for what only the main channel may say */
  receiveFrom(channel: number, frame: Frame): void {
    const isOwn = channelOf(frame.id) === channel
    if (isOwn && frame.kind === 'run') this.#turns.arrive(frame)
    else if (isOwn && frame.kind === 'cancel') this.#options.receive(frame)
    else throw new ServingError('internal', `channel ${channel} sent '${frame.kind}' of batch ${frame.id}`)
  }

  /** Its batches that wait are dropped; the answers to those that run go nowhere. */
  close(channel: number): void {
    this.#guests.delete(channel)
    this.#turns.drop(({ id }) => channelOf(id) === channel)
  }

  /** Sends a frame of the threads where it belongs. */
  readonly send: SendFrame = (frame, sent) => {
    const { kind, id } = kindAndId(frame)
    if (kind === 'instance') this.#sendInstance(frame)
    else if (kind === 'result' && id === NO_BATCH_ID) {
      this.#instances.pop()
      this.#sendToAll(frame)
    } else this.#sendTo(channelOf(id), frame, sent)
    if (kind === 'result' && id !== NO_BATCH_ID) this.#turns.ended()
  }

  /** Whether a thread could not load is the main channel's affair. */
  #sendInstance(frame: Uint8Array): void {
    const { ok } = frameHeader(new Uint8Array(frame).buffer) as InstanceHeader // written by thread-pool.ts
    if (!ok) {
      this.#options.main(frame)
      return
    }
    this.#instances.push(frame)
    this.#sendToAll(frame)
  }

  #sendToAll(frame: Uint8Array): void {
    this.#options.main(frame)
    for (const send of this.#guests.values()) send(frame)
  }

  #sendTo(channel: number, frame: Uint8Array, sent?: () => void): void {
    const send = channel === MAIN_CHANNEL ? this.#options.main : this.#guests.get(channel)
    if (send === undefined) sent?.()
    else send(frame, sent)
  }
}

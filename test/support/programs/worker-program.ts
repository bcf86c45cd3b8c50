import { Socket } from 'node:net'
import {
  batchFromRunFrame,
  NO_BATCH_ID,
  resultFrameFromResult,
} from '../../../worker/contract/batch-codec.ts'
import { FrameReader, frameHeader, frameOf, type Frame } from '../../../worker/contract/frame.ts'
import { frameFromPiece, memberFromCancelFrame } from '../../../worker/contract/piece-codec.ts'
import type {
  BatchRequest,
  LoadSpec,
  LostHeader,
  MetricSample,
  MetricsHeader,
} from '../../../worker/contract/messages.ts'
import { echo, failure, reportOf } from '../fake-worker-process.ts'

/*
 * Stands in for a worker process at the other end of the real channel. `handlerConfig.onLoad` says what it does
 * when it is loaded, the id of a batch's first request what it does with that batch.
 */
const socket = new Socket({ fd: 3, readable: true, writable: true })
const reader = new FrameReader(2 ** 30)
const held: Frame[] = []
/** Batches that go on until a member of theirs is cancelled. */
const streaming = new Map<number, Frame>()
const WORDS: MetricSample = { name: 'words', kind: 'counter', value: 2, unit: 'Count', dimensions: {} }
let spec: LoadSpec | undefined

socket.on('data', (chunk: Uint8Array) => {
  for (const frame of reader.push(chunk)) receive(frame)
})
socket.on('close', die)

function receive(frame: Frame): void {
  if (frame.kind === 'load') load((spec = frameHeader(frame.buffer) as LoadSpec)) // both ends are one build
  if (frame.kind === 'run') run(frame)
  if (frame.kind === 'cancel') cancel(frame)
  if (frame.kind === 'stop') socket.write(frameOf('log', { level: 'info', message: 'was told to stop' }))
}

function load(loaded: LoadSpec): void {
  switch (loaded.handlerConfig['onLoad']) {
    case 'exit':
      process.exit(3)
      return
    case 'abort':
      process.abort()
      return
    case 'fail':
      socket.write(
        frameOf('instance', {
          ok: false,
          threadId: 1,
          error: { code: 'invalid_argument', message: 'no graph' },
        }),
      )
      return
    case 'garbage':
      socket.write(Buffer.alloc(64, 0xff))
      return
    case 'hang up':
      socket.destroy()
      return
    case 'print':
      process.stdout.write('from native code\n\nand more\n')
      process.stderr.write('a warning\n')
      break
    default:
  }
  for (let threadId = 1; threadId <= loaded.threads; threadId++) announce(loaded, threadId)
}

function announce(loaded: LoadSpec, threadId: number): void {
  socket.write(frameOf('instance', { ok: true, threadId, value: reportOf(loaded, threadId) }))
}

function run(frame: Frame): void {
  const requests = batchFromRunFrame(frame.buffer)
  switch (requests[0]?.id) {
    case 'abort':
      process.abort()
      break
    case 'lose device':
      socket.write(frameOf('lost', { message: 'cuda device 0 is lost' } satisfies LostHeader))
      break
    case 'hold':
      held.push(frame)
      break
    case 'release':
      for (const each of held.splice(0)) answer(each, batchFromRunFrame(each.buffer))
      answer(frame, requests)
      break
    case 'stream':
      socket.write(frameOf('metrics', { samples: [WORDS] } satisfies MetricsHeader))
      for (const word of ['one ', 'two ']) {
        socket.write(frameFromPiece(frame.id, { member: 1, piece: { bytes: Buffer.from(word) } }))
      }
      streaming.set(frame.id, frame)
      break
    case 'thread dies':
      socket.write(resultFrameFromResult(NO_BATCH_ID, { replies: [], timing: timing(0) }))
      reply(frame, requests, () => failure('unavailable', 'the thread ended', 'worker_died'))
      break
    case 'thread returns':
      if (spec !== undefined) announce(spec, 1)
      answer(frame, requests)
      break
    default:
      answer(frame, requests)
  }
}

function cancel({ id, buffer }: Frame): void {
  const frame = streaming.get(id)
  if (frame === undefined) return
  reply(frame, batchFromRunFrame(frame.buffer), (request) =>
    failure('cancelled', `${request.id}: member ${memberFromCancelFrame(buffer)}`),
  )
}

function answer(frame: Frame, requests: readonly BatchRequest[]): void {
  reply(frame, requests, echo)
}

function reply(frame: Frame, requests: readonly BatchRequest[], replyOf: typeof echo): void {
  const result = { replies: requests.map(replyOf), timing: timing(requests.length) }
  socket.write(resultFrameFromResult(frame.id, result))
}

function timing(rows: number) {
  return { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows, runs: 1 }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

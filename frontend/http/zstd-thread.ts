import { Worker } from 'node:worker_threads'
import { threadEntryOf } from '../../worker/contract/module-file.ts'
import { ZstdTooLarge, type ZstdLimits } from './zstd-decode.ts'

/** What the thread says: first that it begins. */
type Message =
  'ready' | { readonly bytes: Uint8Array } | { readonly isTooLarge: boolean; readonly problem: string }

/** Hostile blocks can take minutes; an honest body of 16 MiB takes half a second of processor time (measured). */
const MAX_DECODING_MS = 5000
const MAX_HEAP_MEBIBYTES = 256

/** One body at a time: threads are not free, and what is hostile shall not have them all. */
let last: Promise<unknown> = Promise.resolve()

/**
 * Unpacks a body in a thread that is ended with it.
 *
 * @throws ZstdTooLarge | Error when it is malformed, or takes too long
 */
export function decodeZstdInThread(
  packed: Uint8Array,
  limits: ZstdLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const turn = last.then(() => runThread(packed, limits, signal))
  last = turn.catch(() => undefined)
  return turn
}

async function runThread(packed: Uint8Array, limits: ZstdLimits, signal: AbortSignal): Promise<Uint8Array> {
  const { filename, ...options } = threadEntryOf(import.meta.url, './zstd-thread-main.ts')
  const thread = new Worker(filename, {
    ...options,
    workerData: { packed, limits },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES },
  })
  try {
    return await bytesOf(thread, signal)
  } finally {
    await thread.terminate()
  }
}

function bytesOf(thread: Worker, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    thread.on('message', (message: Message) => {
      if (message === 'ready') {
        timer = setTimeout(() => {
          fail(new Error(`unpacking it takes more than ${MAX_DECODING_MS} ms`))
        }, MAX_DECODING_MS)
      } else if ('bytes' in message) {
        clearTimeout(timer)
        resolve(message.bytes)
      } else fail(message.isTooLarge ? new ZstdTooLarge() : new Error(message.problem))
    })
    thread.once('error', fail)
    signal.addEventListener('abort', () => {
      fail(new Error('nobody waits for it'))
    })
  })
}

import { parentPort, workerData } from 'node:worker_threads'
import { decodeZstd, ZstdTooLarge, type ZstdLimits } from './zstd-decode.ts'

/** Entry of a thread that unpacks one body, and ends. */
const { packed, limits } = workerData as { readonly packed: Uint8Array; readonly limits: ZstdLimits } // by zstd-thread.ts

// The time limit counts from here.
parentPort?.postMessage('ready')
try {
  parentPort?.postMessage({ bytes: decodeZstd(packed, limits) })
} catch (error) {
  parentPort?.postMessage({ isTooLarge: error instanceof ZstdTooLarge, problem: String(error) })
}

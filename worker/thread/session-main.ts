import { join } from 'node:path'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { LoadSpec } from '../contract/messages.ts'
import { ServingError } from '../contract/errors.ts'
import { SessionHost } from './session-host.ts'
import { OrtSession } from './session.ts'

/*
 * Entry of the thread that owns a worker process's session, where handlers' threads only prepare its feeds and
 * render its outputs. It opens the session at once; each message of its parent is the port of such a thread.
 */

const spec = workerData as LoadSpec // set by session-thread.ts

const host = new SessionHost({
  open: () => {
    if (spec.modelFile === undefined) throw new ServingError('internal', 'this archive has no graph to open')
    // Never a prepared graph: those are made for the CPU, where no session has a thread of its own.
    return OrtSession.open(join(spec.modelDir, spec.modelFile), spec)
  },
  nowMs: () => performance.now(),
})

parentPort?.on('message', (port: MessagePort) => {
  host.serve(port)
})

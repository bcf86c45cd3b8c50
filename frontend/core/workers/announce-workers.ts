import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { EventBus } from '../events.ts'
import type { WorkerSlotListener } from './worker-slot.ts'

/** Announces what the worker processes of a version tell. */
export function announceWorkers(events: EventBus, model: ModelId): Omit<WorkerSlotListener, 'onChange'> {
  return {
    onInstance: (pid, { threadId, loadMs, warmUpMs }) =>
      events.emit('workerReady', { model, pid, threadId, loadMs, warmUpMs }),
    onLoadFailed: () => undefined, // `started` rejects, or the restart is announced
    onRestart: (restart) => events.emit('workerProcessRestarted', { model, ...restart }),
    onLog: (pid, record) => events.emit('workerLog', { model, pid, record }),
    onMetrics: (samples) => events.emit('handlerMetrics', { model, samples }),
  }
}

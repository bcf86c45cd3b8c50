import { formatModelId } from '../../worker/contract/model-id.ts'
import type { EventBus } from '../core/events.ts'
import { clip } from './printable.ts'
import type { Fields, Logger } from './logger.ts'

/** Of the fields that a handler may add to one line, as JSON. */
const MAX_FIELDS_CHARACTERS = 4096

/** Writes what core announces about models and workers. Single requests are in the access log. */
export function logEvents(events: EventBus, logger: Logger): void {
  events.on('stateChanged', ({ model, from, to, reason }) => {
    const level = to === 'failed' ? 'error' : 'info'
    logger.log(level, `${from} → ${to}`, {
      model: formatModelId(model),
      ...(reason === undefined ? {} : { reason }),
    })
  })
  events.on('workerReady', ({ model, loadMs, warmUpMs, ...facts }) => {
    const times = { loadMs: Math.round(loadMs), warmUpMs: Math.round(warmUpMs) }
    logger.log('info', 'worker ready', { model: formatModelId(model), ...facts, ...times })
  })
  events.on('workerProcessRestarted', ({ model, backoffMs, ...facts }) => {
    const fields = { model: formatModelId(model), ...facts, backoffMs: Math.round(backoffMs) }
    logger.log('warn', 'worker process restarted', fields)
  })
  events.on('archiveNotice', ({ archive, notice }) => {
    logger.log('warn', notice, { archive })
  })
  events.on('repositoryNotice', ({ notice }) => {
    logger.log('warn', notice)
  })
  events.on('graphNotice', ({ notice }) => {
    logger.log('info', notice)
  })
  events.on('versionRemoved', ({ model }) => {
    logger.log('info', 'unregistered', { model: formatModelId(model) })
  })
  events.on('workerLog', ({ model, pid, record }) => {
    const fields = record.fields === undefined ? {} : { fields: boundedFields(record.fields) }
    logger.log(record.level, record.message, { model: formatModelId(model), pid, ...fields })
  })
}

/** Fields came through JSON, so they can be written as JSON again. */
function boundedFields(fields: Fields): unknown {
  const text = JSON.stringify(fields)
  return text.length <= MAX_FIELDS_CHARACTERS ? fields : clip(text, MAX_FIELDS_CHARACTERS)
}

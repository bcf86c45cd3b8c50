import { ServingError } from '../../../worker/contract/errors.ts'
import type { JsonObject } from './body-values.ts'

const PARAMETERS = ['shared_memory_region', 'shared_memory_offset', 'shared_memory_byte_size']

/** @throws ServingError `unimplemented` when a tensor is to be read from, or written to, memory of another process */
export function refuseSharedMemory(parameters: JsonObject, at: string): void {
  const name = PARAMETERS.find((each) => parameters[each] !== undefined)
  if (name !== undefined) throw sharedMemoryUnsupported(`${at}/${name}`)
}

/** @param place what asked for it */
export function sharedMemoryUnsupported(place: string): ServingError {
  return new ServingError(
    'unimplemented',
    `${place}: shared memory is not supported, because Node.js cannot map the memory of another process safely; send the data in the request`,
    { reason: 'shared_memory' },
  )
}

import { ServingError } from '../../../worker/contract/errors.ts'
import type { GrpcMethod } from '../kernel/grpc-transport.ts'

/**
 * Shared memory is not served. Node.js maps no memory of other processes: it would take a native addon, whose region
 * a client may shrink or rewrite while a worker reads it, which ends the process or changes tensors that have been
 * checked.
 *
 * Asking which regions there are is answered, with none: clients do so before anything else.
 */
export function sharedMemoryMethods(): Readonly<Record<string, GrpcMethod>> {
  const none: GrpcMethod = { kind: 'unary', answer: () => ({ regions: [] }) }
  const refused: GrpcMethod = {
    kind: 'unary',
    answer: () => {
      throw sharedMemoryRefused()
    },
  }
  return {
    SystemSharedMemoryStatus: none,
    SystemSharedMemoryRegister: refused,
    SystemSharedMemoryUnregister: refused,
    CudaSharedMemoryStatus: none,
    CudaSharedMemoryRegister: refused,
    CudaSharedMemoryUnregister: refused,
  }
}

function sharedMemoryRefused(): ServingError {
  return new ServingError(
    'unimplemented',
    'shared memory is not served: memory of other processes cannot be mapped safely here; send tensors in raw_input_contents',
    { reason: 'shared_memory' },
  )
}

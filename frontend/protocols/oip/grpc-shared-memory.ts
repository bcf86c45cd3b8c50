import type { GrpcMethod } from '../kernel/grpc-transport.ts'
import { sharedMemoryUnsupported } from './shared-memory.ts'

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
      throw sharedMemoryUnsupported('this method')
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

import type { Server } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { DEFINITIONS } from './proto/definitions.ts'

/** `grpcurl` and its like learn from it what is served: reflection v1 and v1alpha. */
export function addReflection(server: Server, services: readonly string[]): void {
  new ReflectionService(DEFINITIONS, { services: [...services] }).addToServer(server)
}

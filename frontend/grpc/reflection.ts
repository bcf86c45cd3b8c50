import type {
  handleBidiStreamingCall,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { ReflectionService } from '@grpc/reflection'
import { createRequire } from 'node:module'
import { published } from './proto/definitions.ts'

const VERSIONS = ['v1', 'v1alpha'] as const
const METHOD = 'ServerReflectionInfo'

type Reflection = {
  readonly definition: ServiceDefinition[string]
  readonly handler: handleBidiStreamingCall<unknown, unknown>
}

/**
 * `grpcurl` and its like learn from it what is served: reflection v1 and v1alpha.
 *
 * The index of all messages is made when the first call asks for it: it is a fifth of the server's start (measured),
 * and most servers are never asked.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  let reflections: ReadonlyMap<string, Reflection> | undefined
  for (const version of VERSIONS) {
    const path = `/grpc.reflection.${version}.ServerReflection/${METHOD}`
    const reflection = () => {
      reflections ??= reflectionsOf(services)
      const found = reflections.get(path)
      if (found === undefined) throw new Error(`@grpc/reflection does not serve ${path}`)
      return found
    }
    server.register(
      path,
      (call: Parameters<Reflection['handler']>[0]) => {
        reflection().handler(call)
      },
      (message: unknown) => reflection().definition.responseSerialize(message),
      (bytes): unknown => reflection().definition.requestDeserialize(bytes),
      'bidi',
    )
  }
}

/** By path. Messages are decoded in one turn of the event loop, so the package is loaded in one, too. */
function reflectionsOf(services: readonly string[]): ReadonlyMap<string, Reflection> {
  const loaded = createRequire(import.meta.url)('@grpc/reflection') as {
    readonly ReflectionService: typeof ReflectionService
  }
  const found = new Map<string, Reflection>()
  const addService = (service: ServiceDefinition, handlers: UntypedServiceImplementation) => {
    const [definition, handler] = [service[METHOD], handlers[METHOD]]
    if (definition !== undefined && handler !== undefined) {
      found.set(definition.path, { definition, handler: handler as Reflection['handler'] }) // a stream both ways
    }
  }
  // All that the package does with a server is adding services to it.
  new loaded.ReflectionService(published(), { services: [...services] }).addToServer({ addService })
  return found
}

import type { Server, UntypedHandleCall } from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Received } from './call-state.ts'
import type { BoundMethod, Dispatcher, DispatcherOptions } from './dispatcher.ts'
import { malformedMessage, tooManyParts } from './errors.ts'
import type { Gate, GateOptions } from './gate.ts'
import { PART_COUNTER, serviceDefinition } from './proto/definitions.ts'
import type { GrpcMethod, GrpcService } from './service.ts'
import { callStatus } from './status.ts'

type TableOptions = DispatcherOptions & { readonly services: readonly GrpcService[] }
type Definition = MethodDefinition<object, object>
type Entry = {
  /** Of the method. */
  readonly name: string
  readonly service: GrpcService
  readonly method: GrpcMethod
  readonly definition: Definition
  readonly isOpen: boolean
}

/** The methods of a listener by their paths. */
export class ServiceTable {
  readonly #options: TableOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: TableOptions) {
    this.#options = options
    for (const service of options.services) {
      for (const [name, definition] of Object.entries(serviceDefinition(service.name))) {
        const method = service.methods[name]
        if (method === undefined) throw new Error(`nothing answers ${service.name}/${name}`)
        const isOpen = service.openMethods?.includes(name) ?? false
        const { path } = definition
        this.#entries.set(path, { name, service, method, isOpen, definition })
      }
    }
  }

  addTo(server: Server, dispatcher: Dispatcher, gate: Gate): void {
    for (const [path, entry] of this.#entries) {
      const { handler, type } = handlerOf(dispatcher, boundMethod(path, entry, gate))
      server.register(path, handler, asBytes, received, type)
    }
  }

  readonly isOpen: GateOptions['isOpen'] = (path) => this.#entries.get(path)?.isOpen ?? false

  readonly scopeOf: GateOptions['scopeOf'] = (path) => {
    const entry = this.#entries.get(path)
    return entry?.service.scopes?.[entry.name]
  }

  /** Reflection, which is not of this table. */
  readonly isEndless: GateOptions['isEndless'] = (path) => !this.#entries.has(path)

  readonly refuse: GateOptions['refuse'] = (path, error, metadata) => {
    const { requestIdFrom, onAccess } = this.#options
    const status = callStatus(error, this.#entries.get(path)?.service.statusOf?.(error))
    const [callersId] = metadata.get('x-request-id')
    const requestId = requestIdFrom(callersId?.toString())
    onAccess?.({ path, status: status.name, durationMs: 0, requestId, requestBytes: 0, responseBytes: 0 })
    return status
  }
}

/*
 * Messages are decoded and encoded by the dispatcher, not by grpc-js: so what is malformed is the caller's fault, not
 * `internal`, and sizes are known.
 */
const asBytes = (bytes: Buffer) => bytes
const received = (bytes: Buffer): Received => ({ bytes })

/** Fields and elements of one message: enough for any that has a use, and decoded in some 100 ms. */
const MAX_PARTS = 50_000

function boundMethod(path: string, { name, service, method, definition }: Entry, gate: Gate): BoundMethod {
  const requestType = PART_COUNTER.requestType(service.name, name)
  const typeName = String((definition.requestType.type as { name?: unknown }).name)
  return {
    service,
    method,
    path,
    serialize: (message) => definition.responseSerialize(message),
    messageOf: ({ bytes }) => {
      const parts = PART_COUNTER.count(requestType, bytes, MAX_PARTS)
      if (parts === undefined) throw malformedMessage(typeName)
      if (parts > MAX_PARTS) throw tooManyParts(typeName, MAX_PARTS)
      try {
        return definition.requestDeserialize(bytes)
      } catch {
        // protobuf.js says where in the bytes it gave up, which tells a caller nothing.
        throw malformedMessage(typeName)
      }
    },
    authorize: (call, request) => {
      gate.checkModel(call.metadata, service.modelOf?.(request))
    },
  }
}

function handlerOf(
  dispatcher: Dispatcher,
  { method, ...rest }: BoundMethod,
): { readonly handler: UntypedHandleCall; readonly type: string } {
  switch (method.kind) {
    case 'unary':
      return { handler: dispatcher.unary({ method, ...rest }), type: 'unary' }
    case 'server_stream':
      return { handler: dispatcher.serverStream({ method, ...rest }), type: 'serverStream' }
    case 'bidi':
      return { handler: dispatcher.bidi({ method, ...rest }), type: 'bidi' }
    default:
      return method satisfies never
  }
}

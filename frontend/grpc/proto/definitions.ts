import {
  fromJSON,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { GOOGLE } from './google.ts'
import { HEALTH } from './health.ts'
import { asServed, merge, type Namespace } from './message.ts'
import { MODEL_CONFIG } from './model-config.ts'
import { OIP } from './oip.ts'
import { PartCounter } from './part-count.ts'
import { TFSERVING } from './tfserving.ts'
import { TORCHSERVE } from './torchserve.ts'

/** Field names as on the wire; absent fields have their zero value, except optional ones. */
const OPTIONS = { keepCase: true, longs: String, defaults: true, objects: true } as const

type Descriptors = Parameters<typeof fromJSON>[0]

/** The messages and services of this server, as clients know them. */
export const PUBLISHED = merge(GOOGLE, HEALTH, TORCHSERVE, OIP, MODEL_CONFIG, TFSERVING)

let definitions: PackageDefinition | undefined

/** Everything that is served, by full name. Made on demand: neither reflection nor an error may ever ask for it. */
export function published(): PackageDefinition {
  definitions ??= definitionsOf(PUBLISHED)
  return definitions
}

/** The same with the messages that services decode themselves left as bytes. */
const SERVED_DESCRIPTORS = asServed(PUBLISHED)
const SERVED: PackageDefinition = definitionsOf(SERVED_DESCRIPTORS)

export const PART_COUNTER = new PartCounter(SERVED_DESCRIPTORS)

function definitionsOf(descriptors: Namespace): PackageDefinition {
  return fromJSON(descriptors as Descriptors, OPTIONS) // protobuf.js declares its data mutable, and does not change it
}

export function serviceDefinition(name: string): ServiceDefinition {
  const definition = SERVED[name]
  if (definition === undefined || 'format' in definition) throw new Error(`there is no gRPC service ${name}`)
  return definition // what is not a message or an enum
}

/** The bytes of a message. */
export function encode(name: string, value: object): Buffer {
  return messageDefinition(name).serialize(value)
}

function messageDefinition(name: string): MessageTypeDefinition<object, object> {
  const definition = published()[name]
  if (definition === undefined || !('serialize' in definition)) throw new Error(`there is no message ${name}`)
  return definition as MessageTypeDefinition<object, object> // only messages can be serialized
}

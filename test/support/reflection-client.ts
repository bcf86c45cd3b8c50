import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js'
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Versions of the reflection protocol; their messages are the same. */
export const REFLECTION_VERSIONS = ['v1', 'v1alpha'] as const
export type ReflectionVersion = (typeof REFLECTION_VERSIONS)[number]

const PACKAGE = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'))

type Answer = {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] }
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] }
}

/** Asks a server what it serves, as `grpcurl` does. */
export class ReflectionClient {
  readonly #client: Client
  readonly #version: ReflectionVersion

  constructor(target: string, version: ReflectionVersion) {
    this.#client = new Client(target, credentials.createInsecure())
    this.#version = version
  }

  async services(): Promise<string[]> {
    const { list_services_response: list } = await this.#ask({ list_services: '*' })
    return (list?.service ?? []).map(({ name }) => name)
  }

  /** What a client needs to call a service. */
  async definitionsOf(symbol: string): Promise<PackageDefinition> {
    const { file_descriptor_response: files } = await this.#ask({ file_containing_symbol: symbol })
    return loadFileDescriptorSetFromBuffer(descriptorSet(files?.file_descriptor_proto ?? []))
  }

  /** Opens a stream and leaves it open. */
  open(): ClientDuplexStream<object, object> {
    const { path, requestSerialize, responseDeserialize } = this.#method()
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  }

  close(): void {
    this.#client.close()
  }

  #ask(request: object): Promise<Answer> {
    const stream = this.open()
    return new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.on('data', (answer: Answer) => {
        stream.end()
        resolve(answer)
      })
      stream.write(request)
    })
  }

  #method(): MethodDefinition<object, object> {
    const file = join(PACKAGE, `build/proto/grpc/reflection/${this.#version}/reflection.proto`)
    const name = `grpc.reflection.${this.#version}.ServerReflection`
    const service = loadSync(file, { keepCase: true })[name] as ServiceDefinition // what the file defines
    const method = service['ServerReflectionInfo']
    if (method === undefined) throw new Error(`${name} has no ServerReflectionInfo`)
    return method
  }
}

/** A `FileDescriptorSet`: its files are its field 1, one after another. */
function descriptorSet(files: readonly Buffer[]): Buffer {
  return Buffer.concat(files.flatMap((file) => [Buffer.from([0x0a, ...varint(file.length)]), file]))
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

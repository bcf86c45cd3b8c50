import { GrpcClient, OIP } from '../../support/grpc-client.ts'
import { outcomeOf } from './grpc-assertion.ts'
import {
  authorization,
  failed,
  statisticsFrom,
  succeeded,
  type Ending,
  type InferCall,
  type OipWire,
  type WireAddress,
} from './wire.ts'

export class GrpcWire implements OipWire {
  readonly #client: GrpcClient
  readonly #metadata: Record<string, string>

  constructor(address: WireAddress) {
    this.#client = new GrpcClient(address.grpcInference, OIP)
    this.#metadata = authorization(address)
  }

  async infer({ model, shape = [1, 1], data, timeoutMicroseconds, signal }: InferCall): Promise<Ending> {
    const request = {
      model_name: model,
      parameters: timeoutMicroseconds === undefined ? {} : { timeout: { int64_param: timeoutMicroseconds } },
      inputs: [{ name: 'INPUT0', datatype: 'FP32', shape, contents: { fp32_contents: data } }],
    }
    const settings = { metadata: this.#metadata, ...(signal === undefined ? {} : { signal }) }
    const { code, message } = await outcomeOf(this.#client, 'ModelInfer', request, settings)
    if (code !== 'OK') return failed(code)
    const [bytes = Buffer.alloc(0)] = message['raw_output_contents'] as readonly Buffer[]
    return succeeded(Array.from({ length: bytes.byteLength / 4 }, (_, index) => bytes.readFloatLE(4 * index)))
  }

  load(name: string, config?: object): Promise<Ending> {
    const parameters = config === undefined ? {} : { config: { string_param: JSON.stringify(config) } }
    return this.#change('RepositoryModelLoad', { model_name: name, parameters })
  }

  unload(name: string): Promise<Ending> {
    return this.#change('RepositoryModelUnload', { model_name: name })
  }

  async maxBatchSize(name: string): Promise<number> {
    const { message } = await this.#client.unary('ModelConfig', { name })
    return (message['config'] as { max_batch_size: number }).max_batch_size
  }

  async statistics(name: string) {
    return statisticsFrom((await this.#client.unary('ModelStatistics', { name })).message)
  }

  async isReady(): Promise<boolean> {
    const { code, message } = await outcomeOf(this.#client, 'ServerReady', {})
    return code === 'OK' && message['ready'] === true
  }

  close(): void {
    this.#client.close()
  }

  async #change(method: string, request: object): Promise<Ending> {
    const { code } = await outcomeOf(this.#client, method, request, { metadata: this.#metadata })
    return code === 'OK' ? succeeded() : failed(code)
  }
}

import type { GrpcListener } from '../../frontend/grpc/listener.ts'
import { oipService } from '../../frontend/protocols/oip/grpc.ts'
import { LogSettings } from '../../frontend/protocols/oip/log-settings.ts'
import { parameterReader } from '../../frontend/protocols/oip/request-parameters.ts'
import { TraceSettings } from '../../frontend/protocols/oip/trace-settings.ts'
import type { InferenceResponse } from '../../frontend/core/data-plane.ts'
import type { Parameters } from '../../worker/contract/messages.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { bytesResponse } from './fake-planes.ts'
import { GrpcClient, OIP } from './grpc-client.ts'
import { GrpcFixture, type FixtureOptions as BaseOptions } from './grpc-fixture.ts'

/** The Open Inference Protocol over real gRPC, with fake planes behind it. `close` belongs in `afterEach`. */
export class OipGrpcFixture {
  readonly base: GrpcFixture
  readonly client: GrpcClient
  readonly target: string
  readonly #listener: GrpcListener

  private constructor(listener: GrpcListener, base: GrpcFixture, target: string) {
    this.#listener = listener
    this.base = base
    this.target = target
    this.client = new GrpcClient(target, OIP)
  }

  static async open(options: FixtureOptions = {}): Promise<OipGrpcFixture> {
    const base = new GrpcFixture()
    const { dataPlane, controlPlane } = base
    const service = oipService({
      dataPlane,
      controlPlane,
      serverVersion: '1.2.3',
      readParameters: parameterReader(options.forwarded),
      isHealthOpen: true,
      logSettings: new LogSettings({
        levels: { debug: false, info: true, warn: true, error: true },
        style: 'configured',
        use: () => undefined,
      }),
      traceSettings: new TraceSettings({
        watch: () => () => undefined,
        write: () => undefined,
        nowMs: () => 0,
        file: '',
        checkModel: (name) => void dataPlane.modelHealth({ name }),
      }),
    })
    const listener = base.listener([service], options)
    const target = await listener.listen({ host: '127.0.0.1', port: 0 }, 'grpc_test_port')
    return new OipGrpcFixture(listener, base, target)
  }

  get dataPlane() {
    return this.base.dataPlane
  }

  get controlPlane() {
    return this.base.controlPlane
  }

  async close(): Promise<void> {
    this.client.close()
    await this.#listener.close(0)
  }
}

type FixtureOptions = Pick<BaseOptions, 'policy' | 'options'> & { readonly forwarded?: RegExp }

/** What a model answers with tensors. */
export function tensorsResponse(tensors: readonly Tensor[], parameters?: Parameters): InferenceResponse {
  return bytesResponse('', {
    payload: { kind: 'tensors', tensors, ...(parameters === undefined ? {} : { parameters }) },
  })
}

/** A request with the input `x`, FP32 `[1,2]`, as raw bytes. */
export const RAW_REQUEST = {
  model_name: 'digits',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
  raw_input_contents: [Buffer.from(Float32Array.of(0.5, -1).buffer)],
}

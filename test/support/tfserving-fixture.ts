import { httpTransport } from '../../frontend/http/transport.ts'
import type { AccessCheck } from '../../frontend/protocols/kernel/access.ts'
import { renderError } from '../../frontend/protocols/tfserving/errors.ts'
import { tfServingDialect } from '../../frontend/protocols/tfserving/routes.ts'
import { handlerBodies } from '../../frontend/protocols/torchserve/handler-bodies.ts'
import { quirksOf } from '../../frontend/protocols/torchserve/quirks.ts'
import { combinedMount } from '../../frontend/protocols/torchserve/routes.ts'
import type { InferenceResponse, VersionMetadata } from '../../frontend/core/data-plane.ts'
import type { RequestPayload } from '../../worker/contract/messages.ts'
import type { Tensor, TensorMetadata } from '../../worker/contract/tensor.ts'
import { bytesResponse, DEVICE, DIGITS, FakeDataPlane } from './fake-planes.ts'
import { HttpFixture } from './http-fixture.ts'
import { request, type Reply } from './torchserve-fixture.ts'

/** A model of tensors; without more, `y` = `x`, FP32 `[batch, 2]`. */
export function tensorModel(parts: Partial<VersionMetadata> = {}): VersionMetadata {
  const shape = ['batch', 2]
  return {
    model: DIGITS,
    handler: 'tensor',
    envelope: 'none',
    inputs: [{ name: 'x', dtype: 'FP32', shape }],
    outputs: [{ name: 'y', dtype: 'FP32', shape }],
    handlesTensors: true,
    hasRows: true,
    versions: ['1.0'],
    maxBatchRows: 8,
    device: DEVICE,
    ...parts,
  }
}

export function metadataOf(dtype: TensorMetadata['dtype'], name = 'x'): TensorMetadata {
  return { name, dtype, shape: ['batch'] }
}

export function tensorsResponse(tensors: readonly Tensor[]): InferenceResponse {
  return { ...bytesResponse(''), payload: { kind: 'tensors', tensors } }
}

/** Answers every request with its own tensors as `y`. */
export function echo(payload: RequestPayload): Promise<InferenceResponse> {
  const tensors = payload.kind === 'tensors' ? payload.tensors : []
  return Promise.resolve(tensorsResponse(tensors.map((tensor) => ({ ...tensor, name: 'y' }))))
}

/** TensorFlow Serving's dialect over real HTTP, with a fake data plane behind it. `close` belongs in `afterEach`. */
export class TfServingFixture {
  readonly http = new HttpFixture()
  readonly dataPlane = new FakeDataPlane()
  #url = ''

  /** @param access absent: nobody needs a token */
  static async open(access?: AccessCheck): Promise<TfServingFixture> {
    const fixture = new TfServingFixture()
    const { dataPlane, http } = fixture
    dataPlane.currentMetadata = tensorModel()
    dataPlane.onRun = echo
    const hasQuirk = quirksOf('strict')
    const common = { transport: httpTransport, dataPlane }
    const mount = combinedMount(
      { inference: { ...common, hasQuirk, serverVersion: '1.2.3', access, maxRequestBytes: 100_000 } },
      [tfServingDialect({ ...common, handlers: handlerBodies(httpTransport), nonFinite: 'string' })],
    )
    const { url } = await http.open(mount, {}, { renderError })
    fixture.#url = url
    return fixture
  }

  post(path: string, body: unknown, init: RequestInit = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return request(`${this.#url}${path}`, { method: 'POST', body: text, ...init })
  }

  get(path: string, init: RequestInit = {}): Promise<Reply> {
    return request(`${this.#url}${path}`, init)
  }

  close(): Promise<void> {
    return this.http.closeAll()
  }
}

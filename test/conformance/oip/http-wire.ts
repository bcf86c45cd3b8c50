import { Agent } from 'node:http'
import { http } from '../../support/http-client.ts'
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

const WORDS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

export class HttpWire implements OipWire {
  readonly #address: string
  readonly #headers: Readonly<Record<string, string>>
  /** A connection that is open when the server shuts down still asks; a new one is refused. */
  readonly #probe = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(address: WireAddress) {
    this.#address = address.inference
    this.#headers = authorization(address)
  }

  async infer({ model, shape = [1, 1], data, timeoutMicroseconds, signal }: InferCall): Promise<Ending> {
    const parameters = timeoutMicroseconds === undefined ? {} : { timeout: timeoutMicroseconds }
    const inputs = [{ name: 'INPUT0', datatype: 'FP32', shape, data }]
    const outcome = await fetch(`${this.#address}/v2/models/${model}/infer`, {
      method: 'POST',
      body: JSON.stringify({ parameters, inputs }),
      headers: this.#headers,
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'AbortError') return undefined
      throw error
    })
    if (outcome === undefined) return failed('CANCELLED')
    const answer = (await outcome.json()) as { outputs: [{ data: number[] }] }
    return outcome.ok ? succeeded(answer.outputs[0].data) : failed(wordOf(outcome.status))
  }

  load(name: string, config?: object): Promise<Ending> {
    const parameters = config === undefined ? {} : { config: JSON.stringify(config) }
    return this.#change(`${name}/load`, { parameters })
  }

  unload(name: string): Promise<Ending> {
    return this.#change(`${name}/unload`, {})
  }

  async maxBatchSize(name: string): Promise<number> {
    return ((await this.#read(`models/${name}/config`)) as { max_batch_size: number }).max_batch_size
  }

  async statistics(name: string) {
    return statisticsFrom(await this.#read(`models/${name}/stats`))
  }

  async isReady(): Promise<boolean> {
    const { status, text } = await http(`${this.#address}/v2/health/ready`, { agent: this.#probe })
    return status === 200 && (JSON.parse(text) as { ready: boolean }).ready
  }

  close(): void {
    this.#probe.destroy()
  }

  async #change(path: string, body: object): Promise<Ending> {
    const url = `${this.#address}/v2/repository/models/${path}`
    const { status } = await http(url, { body: JSON.stringify(body), headers: this.#headers })
    return status === 200 ? succeeded() : failed(wordOf(status))
  }

  async #read(path: string): Promise<object> {
    return JSON.parse((await http(`${this.#address}/v2/${path}`)).text) as object
  }
}

function wordOf(status: number): string {
  return WORDS[status] ?? String(status)
}

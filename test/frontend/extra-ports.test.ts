import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { defaultOf, SETTING_KEYS, SETTINGS, type Config } from '../../frontend/config/schema.ts'
import { ExtraPorts } from '../../frontend/extra-ports.ts'
import type { HttpListener } from '../../frontend/http/listener.ts'
import type { Mount } from '../../frontend/http/app.ts'
import { GrpcClient, HEALTH } from '../support/grpc-client.ts'
import { GrpcFixture } from '../support/grpc-fixture.ts'
import { http } from '../support/http-client.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const ANY_PORT = {
  tritonHttpPort: 0,
  tritonGrpcPort: 0,
  tritonMetricsPort: 0,
  tfservingGrpcPort: 0,
  tfservingRestPort: 0,
}

function configWith(settings: Partial<Config>): Config {
  const defaults = Object.fromEntries(SETTING_KEYS.map((key) => [key, defaultOf(SETTINGS[key], false)]))
  return { ...(defaults as Config), ...ANY_PORT, ...settings } // the defaults of the table
}

const HELLO: Mount = {
  routes: [],
  middleware: (ctx) => {
    ctx.res.end(`hello on ${ctx.req.socket.localPort}`)
    ctx.respond = false
  },
}

describe('ExtraPorts', () => {
  const fixture = new HttpFixture()
  let grpc: GrpcFixture
  let inference: HttpListener
  let ports: ExtraPorts
  beforeEach(async () => {
    grpc = await GrpcFixture.open()
    inference = await fixture.open(HELLO)
  })
  afterEach(async () => {
    await Promise.all([ports.close(0), fixture.closeAll(), grpc.close()])
  })

  function opened(settings: Partial<Config>) {
    const [grpcInference] = grpc.listeners
    assert.ok(grpcInference !== undefined)
    ports = new ExtraPorts(configWith(settings), { inference, grpcInference })
    return ports.listen({ inference: inference.url, grpcInference: grpc.targets[0] ?? '' })
  }

  const CASES = [
    { settings: {}, names: [] },
    { settings: { tritonPorts: true }, names: ['tritonHttp', 'tritonGrpc'] },
    { settings: { tfservingPorts: true }, names: ['tfservingGrpc', 'tfservingRest'] },
  ]
  for (const { settings, names } of CASES) {
    it(`opens with ${JSON.stringify(settings)} those of ${names.join(' and ') || 'nobody'}`, async () => {
      assert.deepEqual(Object.keys(await opened(settings)), names)
    })
  }

  it('serves what its listener serves, over HTTP and gRPC', async () => {
    const { tritonHttp = '', tritonGrpc = '' } = await opened({ tritonPorts: true })
    const { text } = await http(`${tritonHttp}/`)
    assert.equal(text, `hello on ${new URL(tritonHttp).port}`)
    const client = new GrpcClient(tritonGrpc, HEALTH)
    assert.deepEqual((await client.unary('Check', {})).message, { status: 'SERVING' })
    client.close()
  })

  it('says which setting holds a port that is taken', async () => {
    const taken = Number(new URL(inference.url).port)
    await assert.rejects(opened({ tritonPorts: true, tritonHttpPort: taken }), {
      code: 'failed_precondition',
      message: /cannot listen on triton_http_port 127\.0\.0\.1:/,
    })
  })

  it('asks for a host where the listener has none', async () => {
    ports = new ExtraPorts(configWith({ tritonPorts: true }), { inference })
    await assert.rejects(ports.listen({ inference: 'unix:/run/onnxserve.sock' }), {
      code: 'invalid_argument',
      message: /triton_ports=true needs listeners with a host/,
    })
  })

  it('ends its connections when its listeners have closed', async () => {
    const { tritonHttp = '' } = await opened({ tritonPorts: true })
    const socket = connect(Number(new URL(tritonHttp).port), '127.0.0.1')
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    await ports.close(0)
    await closed
    await assert.rejects(http(`${tritonHttp}/`))
  })
})

import assert from 'node:assert/strict'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { http } from '../../support/http-client.ts'
import { rawExchange } from '../../support/raw-http.ts'
import { jsonOf, type Assertion } from './assertion.ts'
import { input, late, ROW } from './requests.ts'

const FP32 = '/v2/models/id_fp32/infer'
const SMALL = '/v2/models/small/infer'
const TEXT = Buffer.from(JSON.stringify(ROW))
const PACKED = { gzip: gzipSync(TEXT), deflate: deflateSync(TEXT), br: brotliCompressSync(TEXT) }

/** JSON of exactly so many bytes. */
function bodyOf(byteLength: number): string {
  const body = JSON.stringify({ inputs: [input('FP32', [1], { data: [1] })] })
  return body + ' '.repeat(byteLength - body.length)
}

/** How bytes arrive, and when. */
export const TRANSPORT_ASSERTIONS: readonly Assertion[] = [
  ...Object.entries(PACKED).map(([encoding, bytes]): Assertion => ({
    number: 63,
    it: `a body in ${encoding}`,
    path: FP32,
    bytes,
    headers: { 'content-encoding': encoding },
    status: 200,
    data: [[0.5, 1]],
  })),
  {
    number: 63,
    it: 'an answer in gzip, whose header counts what it unpacks to',
    run: async (server) => {
      const columns = 1000
      const data = Array.from({ length: columns }, (_, index) => index)
      const body = JSON.stringify({
        inputs: [input('FP32', [1, columns], { data })],
        parameters: { binary_data_output: true },
      })
      const packed = await server.ask(FP32, { body, headers: { 'accept-encoding': 'gzip, identity;q=0' } })
      assert.equal(packed.headers['content-encoding'], 'gzip')
      const unpacked = { ...packed, bytes: gunzipSync(packed.bytes) }
      assert.equal((jsonOf(unpacked).outputs as { shape: number[] }[])[0]?.shape[1], columns)
    },
  },
  {
    number: 64,
    it: 'an encoding that is not known',
    path: FP32,
    bytes: TEXT,
    headers: { 'content-encoding': 'compress' },
    status: 415,
  },
  {
    number: 65,
    it: 'corrupt gzip, a hundred times',
    run: async (server) => {
      const corrupt = Buffer.from(PACKED.gzip)
      corrupt.fill(0xff, 12)
      const statuses = new Set<number>()
      for (let round = 0; round < 100; round++) {
        const { status } = await server.ask(FP32, { body: corrupt, headers: { 'content-encoding': 'gzip' } })
        statuses.add(status)
      }
      assert.deepEqual([...statuses], [400])
    },
  },
  {
    number: 66,
    it: 'a bomb',
    path: SMALL,
    bytes: gzipSync(Buffer.alloc(16 * 1024 * 1024, 0x20)),
    headers: { 'content-encoding': 'gzip' },
    status: 413,
  },
  { number: 67, it: 'a body at the limit', path: SMALL, bytes: bodyOf(1000), status: 200 },
  { number: 67, it: 'a body over the limit', path: SMALL, bytes: bodyOf(1001), status: 413 },
  {
    number: 67,
    it: 'a body without JSON at the limit',
    path: SMALL,
    bytes: new Uint8Array(1000),
    headers: { 'inference-header-content-length': '0' },
    status: 200,
  },
  {
    number: 67,
    it: 'a body without JSON over the limit',
    path: SMALL,
    bytes: new Uint8Array(1004),
    headers: { 'inference-header-content-length': '0' },
    status: 413,
  },
  {
    number: 68,
    it: 'a small body that claims a huge tensor',
    path: '/v2/models/id_fp64/infer',
    json: { inputs: [input('FP64', [2 ** 49], { data: [1] })] },
    status: 400,
    error: /1 elements at .* needs 562949953421312/,
  },
  {
    number: 69,
    it: 'a flood of tiny chunks',
    run: async (server) => {
      const { host } = new URL(server.inference)
      const head = `POST ${FP32} HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n`
      const reply = await rawExchange(server.inference, head + '1\r\n \r\n'.repeat(65_537))
      assert.match(reply, /^HTTP\/1\.1 400 /)
      assert.equal((await server.ask('/v2/health/live')).status, 200)
    },
  },
  {
    number: 70,
    it: 'more requests than may wait are told when to come again',
    run: async (server) => {
      const ask = () => server.ask('/v2/models/narrow/infer', { body: JSON.stringify(late(300)) })
      const answers = await Promise.all(Array.from({ length: 8 }, ask))
      const refused = answers.filter(({ status }) => status !== 200)
      assert.ok(refused.length > 0)
      for (const { status, headers } of refused) {
        assert.equal(status, 429)
        assert.match(String(headers['retry-after']), /^\d+$/)
      }
    },
  },
  {
    number: 71,
    it: 'a request that may not wait so long',
    run: async (server) => {
      const body = JSON.stringify(late(2000, { parameters: { timeout: 200_000 } }))
      assert.equal((await server.ask('/v2/models/optional/infer', { body })).status, 504)
    },
  },
  {
    number: 99,
    it: 'a thousand malformed requests leave the server live',
    run: async (server) => {
      const lines = [
        'GET /v2/\0 HTTP/1.1',
        'POST /v2/models/x/infer HTTP/9.9',
        '\xff\xfe',
        'GET',
        'GET /v2 HTTP/1.1\r\ncontent-length: -1',
      ]
      for (let round = 0; round < 200; round++) {
        await Promise.all(
          lines.map((line) =>
            rawExchange(server.inference, `${line}\r\nhost: x\r\nconnection: close\r\n\r\n`),
          ),
        )
      }
      assert.equal((await http(`${server.inference}/v2/health/live`)).status, 200)
    },
  },
]

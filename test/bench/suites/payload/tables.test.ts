import assert from 'node:assert/strict'
import type { PayloadResult } from '../../../../bench/suites/payload/measure-payload.ts'
import {
  COLLECTED,
  payloadRatios,
  payloadTables,
  payloadTargets,
} from '../../../../bench/suites/payload/tables.ts'
import { BINARY_TENSOR, wires } from '../../../../bench/suites/payload/wires.ts'

const MEBIBYTE = 2 ** 20

const result = (wire: string, sizeBytes: number, mebibytesPerSecond: number): PayloadResult => ({
  wire,
  sizeBytes,
  mebibytes: 2,
  medianMs: 4,
  mebibytesPerSecond,
  passes: [{ mebibytesPerSecond }],
  cpuMsPerMebibyte: mebibytesPerSecond / 100,
  longestMs: wire === COLLECTED ? undefined : 12.34,
  longestCpuMs: wire === COLLECTED ? undefined : 5,
})

const RESULTS = [
  result(COLLECTED, MEBIBYTE, 1000),
  result(BINARY_TENSOR, MEBIBYTE, 300),
  result(COLLECTED, 16 * MEBIBYTE, 800),
  result(BINARY_TENSOR, 16 * MEBIBYTE, 400),
]

describe('payload tables', () => {
  it('compare each wire with node:http at the same size', () => {
    const [small, large] = payloadTables(RESULTS)
    assert.deepEqual(small?.rows[1], [BINARY_TENSOR, 4, 300, 0.3, 3, '12.3 (5.0)'])
    assert.deepEqual(large?.rows, [
      [COLLECTED, 4, 800, 1, 8, ''],
      [BINARY_TENSOR, 4, 400, 0.5, 4, '12.3 (5.0)'],
    ])
  })

  it('have the target of 16 MiB alone', () => {
    assert.deepEqual(
      payloadTargets(RESULTS).map(({ measured, isMet }) => [measured, isMet]),
      [[0.5, true]],
    )
  })

  it('tell the ratios of all but the baseline', () => {
    assert.deepEqual(payloadRatios(RESULTS), {
      [`${BINARY_TENSOR}, 1 MiB: speed ÷ node:http`]: 0.3,
      [`${BINARY_TENSOR}, 1 MiB: CPU per MiB ÷ node:http`]: 0.3,
      [`${BINARY_TENSOR}, 16 MiB: speed ÷ node:http`]: 0.5,
      [`${BINARY_TENSOR}, 16 MiB: CPU per MiB ÷ node:http`]: 0.5,
    })
  })
})

describe('wires', () => {
  it('all carry about as many bytes', () => {
    for (const { name, body } of wires(MEBIBYTE)) {
      assert.ok(body.byteLength > 0.8 * MEBIBYTE && body.byteLength < 1.1 * MEBIBYTE, name)
    }
  })

  it('have names of their own, and JSON that parses', () => {
    const all = wires(1024)
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
    const json = all.filter(({ name }) => name.includes('JSON'))
    assert.equal(json.length, 3)
    for (const { body } of json) assert.doesNotThrow(() => void JSON.parse(Buffer.from(body).toString()))
  })
})

import assert from 'node:assert/strict'
import { closedByOf, difference } from '../../../../bench/suites/batching/closed-by.ts'

const PAGE = `# TYPE onnxserve_batches_closed_total counter
onnxserve_batches_closed_total{model="a",version="1.0",reason="full"} 3
onnxserve_batches_closed_total{model="b",version="1.0",reason="full"} 4
onnxserve_batches_closed_total{model="b",version="1.0",reason="idle_worker"} 5
onnxserve_batch_rows_count{model="a",version="1.0"} 7
`

describe('closedByOf', () => {
  it('adds the models up', () => assert.deepEqual(closedByOf(PAGE), { full: 7, idle_worker: 5 }))
  it('is empty without the counter', () => assert.deepEqual(closedByOf(''), {}))
})

describe('difference', () => {
  it('is what came since, without what did not', () => {
    const [before, after] = [{ full: 7 }, { full: 7, idle_worker: 9, delay: 1 }]
    assert.deepEqual(difference(after, before), { idle_worker: 9, delay: 1 })
  })
})

import type { Contender } from '../../contenders/contender.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { v2BinaryRequest } from '../../load/v2-binary-request.ts'
import type { Subject } from '../../measure.ts'
import { jsonBody, type BenchModel } from './bench-models.ts'

export type Contenders = {
  readonly model: BenchModel
  readonly onnxserve: Contender
  readonly bare: Contender
}

/** The server over both wires, and the bare server over the one that it has. */
export function subjectsOf({ model, onnxserve, bare }: Contenders): {
  readonly json: Subject
  readonly binary: Subject
  readonly bare: Subject
} {
  const bodies = model.rows.map(jsonBody)
  const json = (contender: Contender) => bodies.map((body) => jsonRequest(contender.path, body))
  return {
    json: { contender: onnxserve, requests: json(onnxserve) },
    binary: { contender: onnxserve, requests: model.rows.map((row) => binaryRequest(model, row)) },
    bare: { contender: bare, requests: json(bare) },
  }
}

function binaryRequest({ name }: BenchModel, row: Float32Array) {
  const block = new Uint8Array(row.buffer)
  return v2BinaryRequest({ model: name, datatype: 'FP32', shape: [1, row.length], block })
}

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/*
 * The bare baseline: what a Node.js programmer writes in an afternoon. One thread, one engine call per request.
 * Arguments: the model's path. Tells its port over the IPC channel of `fork`.
 */

const [modelPath = ''] = process.argv.slice(2)
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1 })

const server = createServer((request, response) => {
  answer(request).then(
    (text) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      response.end(text)
    },
    (error: unknown) => {
      const text = String(error)
      response.writeHead(500, { 'content-length': Buffer.byteLength(text) })
      response.end(text)
    },
  )
})

async function answer(request: IncomingMessage): Promise<string> {
  const { x } = JSON.parse((await buffer(request)).toString()) as { x: number[][] } // the benchmark's own bodies
  const { y } = await session.run({ x: tensorFromRows(x) })
  return JSON.stringify({ y: rowsFromTensor(y as InstanceType<typeof Tensor>) })
}

function tensorFromRows(rows: readonly number[][]) {
  return new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0])
}

function rowsFromTensor({ data, dims }: InstanceType<typeof Tensor>): number[][] {
  const [rows = 0, columns = 0] = dims
  const values = data as Float32Array // every model of the benchmark answers FP32
  return Array.from({ length: rows }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  )
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// Nothing runs in native code while this callback does, but an exit would still run its destructors.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

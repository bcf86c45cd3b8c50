import { InferenceSession, Tensor } from 'onnxruntime-node'

/*
 * The ceiling: nothing but `session.run`, one thread, the same batch size.
 * Arguments: the model's path, rows per run, columns of its input, how long. Tells the rows per second.
 */

const [modelPath = '', rows, columns, durationMs] = process.argv.slice(2)
const shape = [Number(rows), Number(columns)]
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1 })
const data = new Float32Array(Number(rows) * Number(columns)).fill(0.5)

async function rowsPerSecond(forMs: number): Promise<number> {
  const startedAtMs = performance.now()
  let runs = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    await session.run({ x: new Tensor('float32', data, shape) })
    runs++
    elapsedMs = performance.now() - startedAtMs
  }
  return (runs * Number(rows) * 1000) / elapsedMs
}

await rowsPerSecond(Number(durationMs) / 4)
process.send?.(await rowsPerSecond(Number(durationMs)), () => process.kill(process.pid, 'SIGKILL'))

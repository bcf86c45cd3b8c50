import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionProvider, ProviderFinding } from '../contract/messages.ts'
import { OrtSession } from '../thread/session.ts'

/** `y` = `x` + `x`, FP32 `[2]`: enough to make a device compile and run a kernel. */
const DOUBLING_MODEL = Buffer.from(
  'CAoSDm9ubnhzZXJ2ZS10ZXN0OjsKEAoBeAoBeBIBeSIDQWRkOgASBWdyYXBoWg8KAXgSCgoICAESBAoCCAJiDwoBeRIKCggIARIECgIIAkIECgAQFQ==',
  'base64',
)

/**
 * Runs a tiny graph on a provider's first device. What the runtime knows by name says nothing about what works.
 *
 * @throws whatever the runtime throws, when it does not work.
 */
export async function tryProvider(provider: ExecutionProvider): Promise<ProviderFinding> {
  const directory = await mkdtemp(join(tmpdir(), 'onnxserve-probe-'))
  try {
    const path = join(directory, 'model.onnx')
    await writeFile(path, DOUBLING_MODEL)
    await runOn(provider, path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return { provider, usable: true, reason: 'a session ran on device 0' }
}

async function runOn(provider: ExecutionProvider, path: string): Promise<void> {
  const device = { provider, deviceId: 0 }
  const session = await OrtSession.open(path, { device, intraOpThreads: 1 })
  const [y] = await session.run([{ name: 'x', dtype: 'FP32', shape: [2], data: Float32Array.of(1, -2) }])
  await session.release()
  if (y?.dtype !== 'FP32' || y.data[0] !== 2 || y.data[1] !== -4) {
    throw new Error('device 0 computed a wrong answer')
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device, ExecutionProvider } from '../contract/messages.ts'
import { OrtSession } from '../thread/session.ts'

export type ProviderFinding = {
  readonly provider: ExecutionProvider
  readonly usable: boolean
  /** Why not, or what it ran on. */
  readonly reason: string
}

/** `y` = `x` + `x`, FP32 `[2]`: enough to make a device compile and run a kernel. */
const DOUBLING_MODEL = Buffer.from(
  'CAoSDm9ubnhzZXJ2ZS10ZXN0OjsKEAoBeAoBeBIBeSIDQWRkOgASBWdyYXBoWg8KAXgSCgoICAESBAoCCAJiDwoBeRIKCggIARIECgIIAkIECgAQFQ==',
  'base64',
)

/**
 * Runs a tiny graph on each device of a provider. What the runtime knows by name says nothing about what works.
 *
 * @throws whatever the runtime throws, for the first device that does not work.
 */
export async function tryProvider(
  provider: ExecutionProvider,
  deviceIds: readonly number[],
): Promise<ProviderFinding> {
  // Only CUDA addresses devices; the others have one.
  const ids = provider === 'cuda' ? deviceIds : [0]
  const directory = await mkdtemp(join(tmpdir(), 'onnxserve-probe-'))
  try {
    const path = join(directory, 'model.onnx')
    await writeFile(path, DOUBLING_MODEL)
    for (const deviceId of ids) await runOn({ provider, deviceId }, path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return { provider, usable: true, reason: `a session ran on device ${ids.join(', ')}` }
}

async function runOn(device: Device, path: string): Promise<void> {
  const session = await OrtSession.open(path, { device, intraOpThreads: 1 })
  const [y] = await session.run([{ name: 'x', dtype: 'FP32', shape: [2], data: Float32Array.of(1, -2) }])
  await session.release()
  if (y?.dtype !== 'FP32' || y.data[0] !== 2 || y.data[1] !== -4) {
    throw new Error(`device ${device.deviceId} computed a wrong answer`)
  }
}

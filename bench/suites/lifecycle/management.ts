import type { OnnxServe } from '../../contenders/onnxserve.ts'

/** @throws when the server answers anything but 2xx */
export async function manage({ management }: OnnxServe, method: string, path: string): Promise<void> {
  const response = await fetch(`${management}${path}`, { method })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
}

export function register(server: OnnxServe, archive: string): Promise<void> {
  return manage(server, 'POST', `/models?url=${archive}&initial_workers=1&synchronous=true`)
}

/** @returns whether it was answered with 2xx */
export async function predict({ inference }: OnnxServe, model: string, body: Uint8Array): Promise<boolean> {
  const response = await fetch(`${inference}/predictions/${model}`, { method: 'POST', body })
  await response.arrayBuffer()
  return response.ok
}

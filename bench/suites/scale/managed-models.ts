/** `POST /models`: the archive once more, under a name of its own. */
export type Registration = {
  readonly archive: string
  readonly modelName: string
  readonly workers: number
}

/** Resolves when it is registered, and its workers are ready. */
export async function registerModel(
  management: string,
  { archive, modelName, workers }: Registration,
): Promise<void> {
  const query = new URLSearchParams({
    url: archive,
    model_name: modelName,
    initial_workers: String(workers),
    synchronous: 'true',
  })
  await expectOk(await fetch(`${management}/models?${query.toString()}`, { method: 'POST' }))
}

async function expectOk(response: Response): Promise<void> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`)
}

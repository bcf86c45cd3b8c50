import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { packTestArchive } from '../../support/archives.ts'
import { mlp } from '../../support/models.ts'

/** What the handler was given, as JSON: TorchServe's function style. */
const ECHO = `
export function handle(data: unknown, context: any) {
  if (data === undefined) return undefined
  return (data as Record<string, unknown>[]).map((request, index) => {
    const seen: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(request)) {
      seen[name] = value instanceof Uint8Array ? { bytes: Buffer.from(value).toString() } : value
    }
    const header = (name: string) => context.getRequestHeader(index, name)
    return { data: seen, explain: header('explain'), urlPath: header('url_path') }
  })
}
`

const OUTCOMES = `
import { defineHandler, HandlerError, PredictionException } from 'onnxserve/handler'

export default defineHandler({
  handle(requests) {
    return requests.map((request) => {
      const wish = request.text()
      if (wish === 'throw') throw new Error('the secret of the handler')
      if (wish === 'refuse') throw new HandlerError('invalid_argument', 'the wine is corked')
      if (wish === 'exception') throw new PredictionException('no more wine', 418)
      if (wish === '599') {
        request.response.status = 599
        request.response.headers['x-vintage'] = '1959'
        return 'unusual'
      }
      if (wish === 'typed') {
        request.response.contentType = 'text/csv'
        return 'a,b'
      }
      if (wish === 'json') return { answer: [1, 2] }
      if (wish === 'bytes') return new Uint8Array([1, 2, 3])
      return wish
    })
  },
})
`

const STREAM = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  handle(requests) {
    return Promise.all(requests.map(async (request) => {
      const wish = request.text()
      for (const piece of ['one ', 'two ']) request.stream.write(piece)
      if (wish === 'break') throw new Error('broken in the middle')
      return 'three'
    }))
  },
  explain(requests) {
    return requests.map(() => 'because')
  },
  describe() {
    return { trainedOn: 'grapes' }
  },
})
`

const SLOW = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    await new Promise((resolve) => setTimeout(resolve, 400))
    return requests.map(() => 'late')
  },
})
`

const UNLOADABLE = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  initialize() {
    throw new Error('no grapes')
  },
})
`

/** The archives that the rows speak of. */
export async function packConformanceStore(modelStore: string): Promise<void> {
  const model = mlp([4, 16, 3], 1)
  for (const modelName of ['tiny', 'plain', 'idle', 'grown', 'other']) {
    await packTestArchive(modelStore, { modelName, model })
  }
  await packTestArchive(modelStore, { modelName: 'small', model, config: 'maxRequestBytes: 1000\n' })
  await packTestArchive(modelStore, { modelName: 'unloadable', handler: UNLOADABLE })
  const variants = { '1.0-changed': '1.0', '2.0': '2.0', '3.0': '3.0' }
  for (const [suffix, version] of Object.entries(variants)) {
    await packVariant(modelStore, { suffix, version })
  }
  await packTestArchive(modelStore, { modelName: 'echo', handler: ECHO })
  await packTestArchive(modelStore, { modelName: 'outcomes', handler: OUTCOMES })
  await packTestArchive(modelStore, { modelName: 'stream', handler: STREAM })
  await packTestArchive(modelStore, {
    modelName: 'narrow',
    handler: SLOW,
    config: 'maxQueuedRequests: 1\nmaxBatchRows: 1\n',
  })
}

/** Another archive of the model `other`, in a file of its own. */
async function packVariant(
  modelStore: string,
  { suffix, version }: { readonly suffix: string; readonly version: string },
): Promise<void> {
  const aside = join(modelStore, '.variants')
  await packTestArchive(aside, { modelName: 'other', version, model: mlp([4, 16, 3], 2) })
  await rename(join(aside, 'other.mar'), join(modelStore, `other-${suffix}.mar`))
}

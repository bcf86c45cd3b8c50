import { quirksOf, type Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { Instance } from '../../../../worker/thread/instance.ts'
import { bodyRequest } from '../../../support/batch-requests.ts'
import { keptLog } from '../../../support/kept-log.ts'
import { modelDirectory } from '../../../support/model-directory.ts'

const HANDLER = `export default class {
  handle(data) {
    if (data.some(({ body }) => String(body) === 'bad')) throw new Error('one is bad')
    return data.map(() => 'ok')
  }
}`

export const handlerProbes = {
  wholeBatchFails: {
    /** Which requests of a batch are answered. */
    observe: async (compatibility: Compatibility): Promise<unknown> => {
      const failsWholeBatch = quirksOf(compatibility)('wholeBatchFails')
      const files = { 'handler.mjs': HANDLER }
      const { spec, remove } = await modelDirectory(files, { handler: 'handler.mjs', failsWholeBatch })
      const { instance } = await Instance.load(spec, { log: keptLog() })
      const { replies } = await instance.run(['good', 'bad', 'good'].map((body) => bodyRequest(body)))
      await remove()
      return replies.map(({ ok }) => ok)
    },
    strict: [true, false, true],
    torchserve: [false, false, false],
  },
}

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'

const CLIENT = fileURLToPath(new URL('../../client/index.ts', import.meta.url))

/** What a page has, as far as the client may use it; nothing of Node.js. */
const PAGE = {
  fetch: () => Promise.resolve(new Response('{"name":"m","inputs":[],"outputs":[]}')),
  AbortController,
  Headers,
  TextDecoder,
  TextEncoder,
  clearTimeout,
  performance,
  setTimeout,
}

describe('the client in a page', () => {
  it('is bundled without a package or a module of Node.js, and runs', async () => {
    const { outputFiles, metafile } = await build({
      stdin: {
        contents: `import { OnnxServeClient } from ${JSON.stringify(CLIENT)}
          globalThis.result = new OnnxServeClient('http://server').model('m').metadata()`,
        resolveDir: '.',
      },
      bundle: true,
      write: false,
      metafile: true,
      platform: 'browser',
      format: 'iife',
    })
    const page = createContext({ ...PAGE })
    runInContext(outputFiles[0]?.text ?? '', page)
    const schema: unknown = await (page['result'] as Promise<unknown>)
    assert.equal(JSON.stringify(schema), '{"name":"m","inputs":{},"outputs":{}}')
    const foreign = Object.keys(metafile.inputs).filter((path) => /node_modules|^node:/.test(path))
    assert.deepEqual(foreign, [])
  })
})

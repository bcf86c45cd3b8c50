import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sectionOf } from '../support/documents.ts'
import { http } from '../support/http-client.ts'
import { removeDirectory, ServerProcess } from '../support/server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DEFAULT_URL = 'http://127.0.0.1:8080'
const run = promisify(execFile)

/** Commands and code of a guide, as a person would copy them. */
function blocksOf(text: string, language: 'sh' | 'ts'): string {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))]
    .map(([, block = '']) => block)
    .join('')
}

describe('docs/dialects.md', function () {
  this.timeout(60_000)
  let guide: string
  let server: ServerProcess

  before(async () => {
    guide = await readFile(join(ROOT, 'docs/dialects.md'), 'utf8')
    const [, args = ''] = /^node dist\/frontend\/main\.js start (.*)$/m.exec(guide) ?? []
    server = await ServerProcess.start({ args: args.split(' '), workingDirectory: ROOT })
    await server.untilOutput(/Model server started/)
  })

  after(() => server.stop())

  it('has commands that succeed', async () => {
    const commands = blocksOf(sectionOf(guide, 'commands'), 'sh').trim().split('\n')
    assert.ok(commands.length >= 15)
    for (const command of commands) {
      const line = `${command.replaceAll(DEFAULT_URL, server.inference)} -sS --fail-with-body`
      await assert.doesNotReject(run('sh', ['-c', line]), line)
    }
  })

  it('has predictions that agree', async () => {
    const predictions = blocksOf(sectionOf(guide, 'commands'), 'sh').split('\n').slice(0, 4)
    const answers = await Promise.all(
      predictions.map(async (command) => {
        const { stdout } = await run('sh', ['-c', `${command.replaceAll(DEFAULT_URL, server.inference)} -sS`])
        return stdout.match(/\d+\.\d+(?:e-?\d+)?/g)?.map((number) => Math.fround(Number(number)))
      }),
    )
    assert.equal(answers[0]?.length, 3)
    assert.deepEqual(
      answers,
      answers.map(() => answers[0]),
    )
  })

  it('has code for the typed client that runs', async () => {
    // Beside the package's own name, which the code imports.
    const directory = await mkdtemp(join(ROOT, 'dist/guide-'))
    try {
      const main = join(ROOT, 'dist/frontend/main.js')
      const { stdout: schema } = await run(process.execPath, [
        main,
        'client-types',
        'iris',
        '--url',
        server.inference,
      ])
      await writeFile(join(directory, 'iris.ts'), schema)
      await writeFile(
        join(directory, 'guide.ts'),
        blocksOf(guide, 'ts').replaceAll(DEFAULT_URL, server.inference),
      )
      const { stdout } = await run(process.execPath, ['--import', 'tsx', join(directory, 'guide.ts')], {
        cwd: ROOT,
      })
      assert.match(stdout, /^Float32Array\(3\) \[/)
    } finally {
      await removeDirectory(directory)
    }
  })

  it('lists every route of these dialects, and no other', async () => {
    const { routes } = JSON.parse((await http(server.inference)).text) as {
      readonly routes: readonly string[]
    }
    const listed = ['oip-routes', 'tfserving-routes'].flatMap((section) =>
      [...sectionOf(guide, section).matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map(([, route = '']) => route),
    )
    const served = routes.filter((route) => / \/v[12](\/|$)/.test(route))
    assert.deepEqual([...listed].sort(), [...served].sort())
  })
})

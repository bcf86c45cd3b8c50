import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { settingsTable } from '../frontend/config/document.ts'
import { httpTransport } from '../frontend/http/transport.ts'
import { renderError } from '../frontend/protocols/torchserve/errors.ts'
import { quirksOf } from '../frontend/protocols/torchserve/quirks.ts'
import { combinedMount } from '../frontend/protocols/torchserve/routes.ts'
import { ERROR_CODES, ServingError } from '../worker/contract/errors.ts'
import { normalizedTable, sectionOf } from './support/documents.ts'
import { FakeControlPlane, FakeDataPlane } from './support/fake-planes.ts'

describe('README.md', () => {
  let readme: string

  before(async () => {
    readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  })

  it('has the table of settings that the schema makes', () => {
    assert.equal(normalizedTable(sectionOf(readme, 'settings')), normalizedTable(settingsTable()))
  })

  it('lists every route, and no other', () => {
    const listed = [...sectionOf(readme, 'routes').matchAll(/`([A-Z]+ \/[^`]*)`/g)].map((match) => match[1])
    assert.deepEqual([...listed].sort(), [...mountedRoutes()].sort())
  })

  it('gives every error code the status that it has', () => {
    const rows = [...sectionOf(readme, 'errors').matchAll(/^\| `(\w+)`\s*\| (\d+) /gm)]
    const documented: Record<string, number> = Object.fromEntries(
      rows.map(([, code = '', status]) => [code, Number(status)]),
    )
    const actual = ERROR_CODES.map((code) => [code, renderError(new ServingError(code, '')).status])
    assert.deepEqual(documented, Object.fromEntries(actual))
  })

  it('gives a reason for every dependency', async () => {
    const packageJson = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const missing = Object.keys(packageJson.dependencies).filter((name) => !readme.includes(`\`${name}\``))
    assert.deepEqual(missing, [])
  })
})

function mountedRoutes(): Set<string> {
  const dataPlane = new FakeDataPlane()
  const controlPlane = new FakeControlPlane()
  const dialect = { transport: httpTransport, serverVersion: '1.2.3', hasQuirk: quirksOf('strict') }
  const renderMetrics = () => Promise.resolve({ contentType: '', body: '' })
  return new Set([
    ...combinedMount({ inference: { dataPlane, maxRequestBytes: 100_000, ...dialect } }).routes,
    ...combinedMount({ management: { dataPlane, controlPlane, renewKey: () => ({}), ...dialect } }).routes,
    ...combinedMount({ metrics: { ...dialect, renderMetrics } }).routes,
  ])
}

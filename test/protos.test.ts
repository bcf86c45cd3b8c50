import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadSync } from '@grpc/proto-loader'
import { published, PUBLISHED } from '../frontend/grpc/proto/definitions.ts'
import { protoFiles } from '../frontend/grpc/proto/proto-files.ts'

const DIRECTORY = fileURLToPath(new URL('../proto/', import.meta.url))

async function publishedFiles(): Promise<string[]> {
  const entries = await readdir(DIRECTORY, { recursive: true })
  return entries.filter((entry) => entry.endsWith('.proto')).map((entry) => entry.split(sep).join('/'))
}

describe('proto/', () => {
  it('holds a file of each package, and nothing else', async () => {
    assert.deepEqual((await publishedFiles()).sort(), [...protoFiles(PUBLISHED).keys()].sort())
  })

  for (const [path, text] of protoFiles(PUBLISHED)) {
    it(`has ${path} as the descriptors say; npm run docs:protos writes it`, async () => {
      assert.equal(await readFile(join(DIRECTORY, path), 'utf8'), text)
    })
  }

  it('is what protobuf reads back as the definitions that are served', async () => {
    const read = loadSync(await publishedFiles(), { includeDirs: [DIRECTORY], keepCase: true })
    const names = (definitions: object) =>
      Object.keys(definitions).filter((name) => !/^google\.protobuf\./.test(name))
    const ofMaps = /\.\w+Entry$/ // which `map<>` makes again
    assert.deepEqual(
      names(read)
        .filter((name) => !ofMaps.test(name))
        .sort(),
      names(published())
        .filter((name) => !ofMaps.test(name))
        .sort(),
    )
  })
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { ArchiveFormat } from '../../../archiver-cli/format/archive-writer.ts'
import { openArchive } from '../../../archiver-cli/format/archive-reader.ts'
import { parseModelConfig } from '../../../archiver-cli/format/model-config.ts'
import {
  configWith,
  writeWithSettings,
  type ArchiveContainer,
} from '../../../archiver-cli/format/with-settings.ts'
import { packTestArchive } from '../../support/archives.ts'
import { mlp } from '../../support/models.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'

const SETTINGS = { minWorkers: 2, maxBatchRows: 16 }

describe('configWith', () => {
  const CASES: readonly (readonly [claim: string, before: string, after: string])[] = [
    ['adds what was not there', '', 'minWorkers: 2\nmaxBatchRows: 16\n'],
    [
      'keeps comments and other keys',
      '# ours\nmaxBatchDelayMs: 5 # short\nminWorkers: 1\n',
      '# ours\nmaxBatchDelayMs: 5 # short\nminWorkers: 2\nmaxBatchRows: 16\n',
    ],
    ["renames TorchServe's", 'batchSize: 4\n', 'minWorkers: 2\nmaxBatchRows: 16\n'],
    [
      'keeps JSON',
      '{"batchSize": 4, "maxWorkers": 3}',
      '{ "maxWorkers": 3, minWorkers: 2, maxBatchRows: 16 }\n',
    ],
  ]
  for (const [claim, before, after] of CASES) {
    it(claim, () => {
      assert.equal(configWith(before, SETTINGS), after)
      assert.deepEqual(parseModelConfig(after).config, { ...parseModelConfig(before).config, ...SETTINGS })
    })
  }
})

const FORMATS: readonly (readonly [ArchiveFormat, ArchiveContainer, string])[] = [
  ['default', 'mar', 'm.mar'],
  ['tgz', 'tgz', 'm.tar.gz'],
  ['no-archive', 'directory', 'm'],
]

describe('writeWithSettings', () => {
  let directory: { path: string; remove: () => Promise<void> }
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())

  async function unpacked(path: string, name: string) {
    const opened = await openArchive(path)
    await opened.verify()
    await opened.extractTo(join(directory.path, name))
    await opened.close()
    const tree = await treeOf(join(directory.path, name))
    delete tree['MAR-INF/MANIFEST.json']
    return { ...opened, tree }
  }

  for (const [archiveFormat, format, file] of FORMATS) {
    for (const config of [undefined, 'minWorkers: 1\n']) {
      it(`changes the configuration of a ${archiveFormat} archive that has ${config ?? 'none'}, and no other byte`, async () => {
        await packTestArchive(directory.path, {
          modelName: 'm',
          model: mlp([4, 3], 1),
          format: archiveFormat,
          ...(config === undefined ? {} : { config }),
        })
        const target = join(directory.path, file)
        const before = await unpacked(target, 'before')
        const from = { directory: join(directory.path, 'before'), manifest: before.manifest, format }
        const digest = await writeWithSettings({ ...from, target, settings: SETTINGS })
        const after = await unpacked(target, 'after')
        assert.equal(after.digest, digest)
        assert.deepEqual(after.config, SETTINGS)
        const written = Buffer.from('minWorkers: 2\nmaxBatchRows: 16\n').toString('hex')
        assert.deepEqual(after.tree, { ...before.tree, 'model-config.yaml': written })
      })
    }
  }
})

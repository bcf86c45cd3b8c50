import assert from 'node:assert/strict'
import { loadLabels } from '../../../worker/handlers/labels.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'

describe('loadLabels', () => {
  let directory: ModelDirectory | undefined
  afterEach(async () => {
    await directory?.remove()
    directory = undefined
  })

  const load = async (config: object, files: Readonly<Record<string, string>> = {}) => {
    directory = await modelDirectory(files)
    return loadLabels(config, directory.spec.modelDir)
  }

  const LOADED = [
    { it: 'nothing', config: {}, files: {}, labels: ['0', '1'] },
    { it: 'the configuration', config: { labels: ['cat', 'dog'] }, files: {}, labels: ['cat', 'dog'] },
    {
      it: 'names',
      config: {},
      files: { 'index_to_name.json': '{"0":"cat","1":"dog"}' },
      labels: ['cat', 'dog'],
    },
    {
      it: 'ids and names',
      config: {},
      files: { 'index_to_name.json': '{"0":["n01","cat"],"1":["n02","dog"]}' },
      labels: ['cat', 'dog'],
    },
    {
      it: 'a class left out',
      config: {},
      files: { 'index_to_name.json': '{"1":"dog"}' },
      labels: ['0', 'dog'],
    },
    {
      it: 'a repeated name, which gets its index',
      config: { labels: ['crane', 'crane'] },
      files: {},
      labels: ['crane', 'crane (1)'],
    },
    {
      it: 'another file',
      config: { labelsFile: 'animals.json' },
      files: { 'animals.json': '{"0":"cat","1":"dog"}', 'index_to_name.json': '{"0":"other"}' },
      labels: ['cat', 'dog'],
    },
  ]
  for (const { it: name, config, files, labels } of LOADED) {
    it(`labels classes from ${name}`, async () => {
      const labelOf = await load(config, files)
      assert.deepEqual([0, 1].map(labelOf), labels)
    })
  }

  const REFUSED = [
    {
      it: 'that is missing',
      config: { labelsFile: 'a.json' },
      files: {},
      message: /'a.json' is not in the archive/,
    },
    { it: 'elsewhere', config: { labelsFile: '../a.json' }, files: {}, message: /without a directory/ },
    {
      it: 'that is not JSON',
      config: {},
      files: { 'index_to_name.json': '{' },
      message: /is not valid JSON/,
    },
    {
      it: 'of no object',
      config: {},
      files: { 'index_to_name.json': '1' },
      message: /must hold a JSON object/,
    },
    {
      it: 'from names to indexes',
      config: {},
      files: { 'index_to_name.json': '{"cat":"0"}' },
      message: /has the key 'cat', expected the index of a class, as in \{"0": "name"\}/,
    },
    {
      it: 'with a label that is no string',
      config: {},
      files: { 'index_to_name.json': '{"0":5}' },
      message: /has the label 5, which is no string/,
    },
  ]
  for (const { it: name, config, files, message } of REFUSED) {
    it(`refuses a file ${name}`, () =>
      assert.rejects(load(config, files), { code: 'invalid_argument', message }))
  }
})

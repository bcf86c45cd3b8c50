import assert from 'node:assert/strict'
import { readModelConfigFile } from '../../../../frontend/core/repository/model-config-file.ts'

const read = (text: string) => readModelConfigFile(text, 'models.config')

/** A list of one model, `m` at `/m`, with these further fields. */
const oneModel = (fields: string) => `model_config_list { config { name: 'm' base_path: '/m' ${fields} } }`

describe('readModelConfigFile', () => {
  it("reads TF Serving's own example", () => {
    const text = `
      model_config_list {
        config {
          name: 'my_first_model'
          base_path: '/tmp/my_first_model/'
          model_platform: 'tensorflow'
        }
        config: {
          name: "my_second_model", base_path: "/tmp/my_" "second_model/"
          model_platform: "tensorflow"; # adjacent texts are one
          model_version_policy { specific { versions: 42 versions: 43 } }
          version_labels { key: 'stable' value: 42 }
          version_labels { key: 'canary' value: 43 }
        }
      }`
    assert.deepEqual(read(text), [
      { name: 'my_first_model', basePath: '/tmp/my_first_model/', choice: { kind: 'latest', count: 1 } },
      {
        name: 'my_second_model',
        basePath: '/tmp/my_second_model/',
        choice: { kind: 'specific', versions: ['42', '43'] },
        labels: { stable: '42', canary: '43' },
      },
    ])
  })

  const CHOICES = [
    { fields: '', choice: { kind: 'latest', count: 1 } },
    { fields: 'model_version_policy {}', choice: { kind: 'latest', count: 1 } },
    { fields: 'model_version_policy { latest {} }', choice: { kind: 'latest', count: 1 } },
    { fields: 'model_version_policy: { latest: { num_versions: 3 } }', choice: { kind: 'latest', count: 3 } },
    { fields: 'model_version_policy { all {} }', choice: { kind: 'all' } },
    {
      fields: 'model_version_policy { specific { versions: [1, 9223372036854775807] } }',
      choice: { kind: 'specific', versions: ['1', '9223372036854775807'] },
    },
  ]
  for (const { fields, choice } of CHOICES) {
    it(`reads ${fields || 'no policy'}`, () => assert.deepEqual(read(oneModel(fields))[0]?.choice, choice))
  }

  for (const text of ['', '# nothing', 'model_config_list {}']) {
    it(`has no models in ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), []))
  }

  const REFUSED = [
    { it: 'an unknown field', text: oneModel("base_pth: '/x'"), message: /1:\d+.*base_pth.*base_path/ },
    { it: 'a broken text', text: 'model_config_list {', message: /models\.config/ },
    {
      it: 'two policies',
      text: oneModel('model_version_policy { all {} latest {} }'),
      message: /latest|all/,
    },
    {
      it: 'request logging',
      text: oneModel("logging_config { log_collector_config { type: 'x' } }"),
      message: /'logging_config' for model 'm': requests are not logged here/,
    },
    {
      it: 'another platform',
      text: oneModel("model_platform: 'pytorch'"),
      message: /platform 'pytorch'; served here are ONNX models only/,
    },
    {
      it: 'a custom configuration',
      text: "custom_model_config { type_url: 'x' }",
      message: /custom_model_config/,
    },
    {
      it: 'a model without a name',
      text: "model_config_list { config { base_path: '/m' } }",
      message: /'name'/,
    },
    {
      it: 'a model without a path',
      text: "model_config_list { config { name: 'm' } }",
      message: /model 'm' no 'base_path'/,
    },
  ]
  for (const { it: claim, text, message } of REFUSED) {
    it(`refuses ${claim}`, () => assert.throws(() => read(text), { code: 'invalid_argument', message }))
  }
})

import assert from 'node:assert/strict'
import { reloadConfig } from '../../../../frontend/protocols/tfserving/reload-config.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { FakeControlPlane } from '../../../support/fake-planes.ts'

const CONFIG = {
  name: 'digits',
  base_path: '/models/digits',
  model_platform: 'tensorflow',
  model_version_policy: null,
  version_labels: [{ key: 'stable', value: '2' }],
}

function request(...config: readonly object[]): object {
  return { config: { model_config_list: { config } } }
}

describe('a list of models', () => {
  const POLICIES = [
    { policy: null, choice: { kind: 'latest', count: 1 } },
    { policy: { latest: { num_versions: 3 } }, choice: { kind: 'latest', count: 3 } },
    { policy: { latest: { num_versions: 0 } }, choice: { kind: 'latest', count: 1 } },
    { policy: { all: {} }, choice: { kind: 'all' } },
    { policy: { specific: { versions: ['1', '7'] } }, choice: { kind: 'specific', versions: ['1', '7'] } },
  ]
  for (const { policy, choice } of POLICIES) {
    it(`with the policy ${JSON.stringify(policy)} is applied as ${JSON.stringify(choice)}`, async () => {
      const plane = new FakeControlPlane()
      const answer = await reloadConfig(plane, request({ ...CONFIG, model_version_policy: policy }))
      assert.deepEqual(answer, { status: { error_code: 'OK', error_message: '' } })
      assert.deepEqual(plane.calls, [
        [
          'applyModelConfig',
          [{ name: 'digits', basePath: '/models/digits', choice, labels: { stable: '2' } }],
        ],
      ])
    })
  }

  for (const platform of ['', 'onnx', 'onnxruntime', 'onnxruntime_onnx']) {
    it(`takes the platform '${platform}'`, async () => {
      const plane = new FakeControlPlane()
      await reloadConfig(plane, request({ ...CONFIG, model_platform: platform }))
      assert.equal(plane.calls.length, 1)
    })
  }

  const REFUSED = [
    { message: { config: null }, error: /^ServerModelConfig type not supported/ },
    { message: { config: { custom_model_config: {} } }, error: /^ServerModelConfig type not supported/ },
    { message: request({ ...CONFIG, name: '' }), error: /config\/0\/name is empty/ },
    {
      message: request(CONFIG, { ...CONFIG, base_path: 'models' }),
      error: /config\/1\/base_path is 'models'/,
    },
    { message: request({ ...CONFIG, model_platform: 'caffe' }), error: /model_platform is 'caffe'/ },
    {
      message: request({ ...CONFIG, model_version_policy: { specific: { versions: [] } } }),
      error: /specific\/versions is empty/,
    },
  ]
  for (const { message, error } of REFUSED) {
    it(`is refused as a whole: ${error.source}`, async () => {
      const plane = new FakeControlPlane()
      await assert.rejects(reloadConfig(plane, message), { code: 'invalid_argument', message: error })
      assert.deepEqual(plane.calls, [])
    })
  }

  it('names the models that have failed', async () => {
    const plane = new FakeControlPlane()
    plane.applied = [
      { name: 'good' },
      { name: 'bad', error: new ServingError('not_found', 'there is no such directory') },
      { name: 'worse', error: new Error('out of paper') },
    ]
    await assert.rejects(reloadConfig(plane, request(CONFIG)), {
      code: 'not_found',
      message: 'bad: there is no such directory; worse: out of paper',
    })
  })
})

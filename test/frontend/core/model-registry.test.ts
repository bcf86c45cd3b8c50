import assert from 'node:assert/strict'
import { ModelRegistry } from '../../../frontend/core/model-registry.ts'
import type { ModelVersion } from '../../../frontend/core/model-version.ts'
import { artefact } from '../../support/artefacts.ts'
import { versionFixture } from '../../support/version-fixture.ts'

function version(name: string, number: string): ModelVersion {
  return versionFixture({ artefact: artefact({ model: { name, version: number } }) }).version
}

/** A registry of versions written as `name/version`, in this order. */
function registryOf(...ids: readonly string[]): ModelRegistry {
  const registry = new ModelRegistry()
  for (const id of ids) {
    const [name = '', number = ''] = id.split('/')
    registry.add(version(name, number))
  }
  return registry
}

const written = ({ model }: ModelVersion) => `${model.name}/${model.version}`

describe('ModelRegistry', () => {
  it("makes a model's first version its default", () => {
    assert.equal(registryOf('m/2', 'm/1').defaultVersionOf('m'), '2')
  })

  const RESOLVED: readonly (readonly [
    it: string,
    selector: { name: string; version?: string },
    id: string,
  ])[] = [
    ['the version that is asked for', { name: 'm', version: '1' }, 'm/1'],
    ['the default when none is asked for', { name: 'm' }, 'm/2'],
    ['the only version of another model', { name: 'n' }, 'n/1'],
  ]
  for (const [claim, selector, id] of RESOLVED) {
    it(`resolves ${claim}`, () =>
      assert.equal(written(registryOf('m/2', 'm/1', 'n/1').resolve(selector)), id))
  }

  it('says which models there are when one is unknown', () => {
    assert.throws(() => registryOf('n/1', 'm/1').resolve({ name: 'x' }), {
      code: 'not_found',
      reason: 'model',
      message: "model 'x' is not registered; registered are: m, n",
    })
    assert.throws(() => registryOf().resolve({ name: 'x' }), {
      message: "model 'x' is not registered; no model is registered",
    })
  })

  it('says which versions there are when one is unknown', () => {
    assert.throws(() => registryOf('m/10', 'm/9').resolve({ name: 'm', version: '3' }), {
      code: 'not_found',
      reason: 'version',
      message: "model 'm' has no version '3'; its versions are: 9, 10",
    })
  })

  it('refuses a version twice, and keeps the first', () => {
    const registry = registryOf('m/1')
    const first = registry.resolve({ name: 'm' })
    assert.throws(() => registry.add(version('m', '1')), { code: 'already_exists' })
    assert.equal(registry.resolve({ name: 'm' }), first)
  })

  it('lists models by name and versions by number', () => {
    const registry = registryOf('n/1', 'm/10', 'm/9', 'm/1.5')
    assert.deepEqual(registry.names(), ['m', 'n'])
    assert.deepEqual(registry.all().map(written), ['m/1.5', 'm/9', 'm/10', 'n/1'])
  })

  it('changes the default only to a version that exists', () => {
    const registry = registryOf('m/1', 'm/2')
    registry.setDefault({ name: 'm', version: '2' })
    assert.equal(written(registry.resolve({ name: 'm' })), 'm/2')
    assert.throws(() => registry.setDefault({ name: 'm', version: '3' }), { code: 'not_found' })
    assert.throws(() => registry.setDefault({ name: 'x', version: '1' }), { code: 'not_found' })
    assert.equal(registry.defaultVersionOf('m'), '2')
  })

  it('forgets a model with its last version', () => {
    const registry = registryOf('m/1', 'm/2')
    registry.remove({ name: 'm', version: '2' })
    assert.equal(registry.has({ name: 'm', version: '2' }), false)
    assert.equal(registry.has({ name: 'm', version: '1' }), true)
    registry.remove({ name: 'm', version: '1' })
    assert.deepEqual(registry.names(), [])
    assert.throws(() => registry.defaultVersionOf('m'), { code: 'not_found' })
  })

  for (const name of ['__proto__', 'constructor', 'toString']) {
    it(`knows no model '${name}' that was not added`, () => {
      assert.throws(() => registryOf('m/1').resolve({ name }), { code: 'not_found', reason: 'model' })
      assert.throws(() => registryOf('m/1').resolve({ name: 'm', version: name }), { reason: 'version' })
    })
  }
})

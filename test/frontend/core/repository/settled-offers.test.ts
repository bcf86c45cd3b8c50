import assert from 'node:assert/strict'
import { SettledOffers } from '../../../../frontend/core/repository/settled-offers.ts'
import { offered } from '../../../support/offers.ts'

/** What is taken of each look; the first look is trusted. */
function taken(...looks: readonly (readonly string[])[]): string[][] {
  const offers = new SettledOffers()
  return looks.map((versions, i) => {
    const model = offers.settle({ name: 'm', versions: versions.map((each) => offered(each)) }, i === 0)
    return model.versions.map(({ version, fingerprint }) => `${version}@${fingerprint}`)
  })
}

describe('SettledOffers', () => {
  const CASES: readonly {
    readonly it: string
    readonly looks: readonly (readonly string[])[]
    readonly taken: readonly (readonly string[])[]
  }[] = [
    { it: 'takes everything at a trusted look', looks: [['1@a', '2@a']], taken: [['1@a', '2@a']] },
    {
      it: 'takes a new version when it was the same twice',
      looks: [['1@a'], ['1@a', '2@a'], ['1@a', '2@a']],
      taken: [['1@a'], ['1@a'], ['1@a', '2@a']],
    },
    {
      it: 'does not take a version that grows with every look',
      looks: [[], ['2@a'], ['2@b'], ['2@c'], ['2@c']],
      taken: [[], [], [], [], ['2@c']],
    },
    {
      it: 'goes on with a version as it was while its files change',
      looks: [['1@a'], ['1@b'], ['1@c'], ['1@c']],
      taken: [['1@a'], ['1@a'], ['1@a'], ['1@c']],
    },
    { it: 'drops what is gone at once', looks: [['1@a', '2@a'], ['2@a']], taken: [['1@a', '2@a'], ['2@a']] },
    {
      it: 'takes what is back only when it stands still again',
      looks: [['1@a'], [], ['1@a'], ['1@a']],
      taken: [['1@a'], [], [], ['1@a']],
    },
  ]
  for (const { it: claim, looks, taken: expected } of CASES) {
    it(claim, () => assert.deepEqual(taken(...looks), expected))
  }

  it('concludes nothing from a list that cannot be read', () => {
    const offers = new SettledOffers()
    offers.settle({ name: 'm', versions: [offered('1')] }, true)
    const broken = { name: 'm', versions: [], error: new Error('unreadable') }
    assert.equal(offers.settle(broken, false), broken)
    assert.equal(offers.settle({ name: 'm', versions: [offered('1')] }, false).versions.length, 1)
  })
})

import { quirksOf, type Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { CoreHome } from '../../../support/core-fixture.ts'
import { storeArchive } from '../../../support/store-archives.ts'

export const startupProbes = {
  savedStateFirst: {
    /** The versions of a second run, which declares one model more than the first has left. */
    observe: async (compatibility: Compatibility): Promise<unknown> => {
      const home = await CoreHome.create()
      await storeArchive(home.modelStore, 'saved', { modelName: 'saved' })
      await (await home.started()).register('saved')
      await storeArchive(home.modelStore, 'declared', { modelName: 'declared' })
      const savedStateFirst = quirksOf(compatibility)('savedStateFirst')
      const core = await home.started(undefined, { loadModels: { kind: 'all' }, savedStateFirst })
      await home.remove()
      return core.versions()
    },
    strict: ['declared/1* ready 1', 'saved/1* ready 1'],
    torchserve: ['saved/1* ready 1'],
  },
}

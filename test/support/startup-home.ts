import { CoreHome, type CoreInstance } from './core-fixture.ts'
import { storeArchive } from './store-archives.ts'

/** A home whose store has two versions of m and one of n. */
export async function startupHome(): Promise<CoreHome> {
  const home = await CoreHome.create()
  await storeArchive(home.modelStore, 'm1', { version: '1' })
  await storeArchive(home.modelStore, 'm2', { version: '2' })
  await storeArchive(home.modelStore, 'n', { modelName: 'n' })
  return home
}

/** A server that was killed after it had registered m/1, m/2 and n/1, and changed them. */
export async function killedServer(home: CoreHome): Promise<CoreInstance> {
  const core = await home.started()
  for (const archive of ['m1', 'm2', 'n']) await core.register(archive)
  await core.controlPlane.scale({ model: { name: 'm' }, minWorkers: 3, synchronous: true })
  await core.controlPlane.scale({ model: { name: 'n' }, minWorkers: 0, synchronous: true })
  await core.controlPlane.setDefault({ name: 'm', version: '2' })
  return core
}

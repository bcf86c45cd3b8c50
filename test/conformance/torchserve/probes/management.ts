import type { CoreOptions } from '../../../../frontend/core/create-core.ts'
import { notAllowed } from '../../../../frontend/download/errors.ts'
import { quirksOf, type Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { messageOf, ServingError } from '../../../../worker/contract/errors.ts'
import { CoreHome, type CoreInstance } from '../../../support/core-fixture.ts'
import { DESCRIPTION, DIGITS } from '../../../support/fake-planes.ts'
import { storeArchive } from '../../../support/store-archives.ts'
import { overHttp } from './probe.ts'

/** Looks at a core over one archive with this configuration, composed as the server composes it. */
function overCore(config: string, look: (core: CoreInstance) => Promise<unknown>) {
  return async (compatibility: Compatibility): Promise<unknown> => {
    const hasQuirk = quirksOf(compatibility)
    const options: Partial<CoreOptions> = {
      precedence: hasQuirk('settingPrecedence') ? 'torchserve' : 'explicit',
      tolerance: hasQuirk('modelConfigKeys') ? 'everything' : 'nothing',
    }
    const home = await CoreHome.create()
    try {
      await storeArchive(home.modelStore, 'm1', { config })
      return await look(await home.started(undefined, options))
    } finally {
      await home.remove()
    }
  }
}

export const managementProbes = {
  parameters: {
    observe: overHttp(async (fixture) => {
      const paths = [
        '/models?url=m.mar&colour=red',
        '/models?url=m.mar&batch_size=many',
        '/models?url=m.mar&synchronous=perhaps',
        '/models?url=m.mar&url=n.mar',
        '/models?url=m.mar&initial_workers=-1',
      ]
      const statuses = []
      for (const path of paths) statuses.push((await fixture.manage('POST', path)).status)
      statuses.push((await fixture.manage('GET', '/models?limit=101&next_page_token=-1')).status)
      return { statuses, calls: fixture.controlPlane.calls.length }
    }),
    strict: { statuses: [400, 400, 400, 400, 400, 400], calls: 0 },
    torchserve: { statuses: [200, 200, 200, 200, 200, 200], calls: 5 },
  },
  refusedArchives: {
    observe: overHttp(async (fixture) => {
      const failures = [
        notAllowed('https://h/m.mar', 'it is not allowed'),
        new ServingError('invalid_argument', 'it leaves the store', { reason: 'archive_name' }),
      ]
      const answers = []
      for (const failure of failures) {
        fixture.controlPlane.failure = failure
        const { status, text } = await fixture.manage('POST', '/models?url=m.mar')
        answers.push([status, (JSON.parse(text) as { type: string }).type])
      }
      return answers
    }),
    strict: [
      [403, 'ForbiddenException'],
      [400, 'BadRequestException'],
    ],
    torchserve: [
      [404, 'ModelNotFoundException'],
      [404, 'ModelNotFoundException'],
    ],
  },
  registeredTwice: {
    observe: overHttp(async (fixture) => {
      fixture.controlPlane.onRegister = ({ repeatable }) =>
        repeatable === false
          ? new ServingError('already_exists', 'registered already')
          : { model: DIGITS, state: 'ready', workers: 1, existing: true }
      return (await fixture.manage('POST', '/models?url=m.mar')).status
    }),
    strict: 200,
    torchserve: 409,
  },
  lastPageToken: {
    observe: overHttp(async (fixture) => {
      fixture.controlPlane.models = ['a', 'b'].map((name) => ({ name, archive: `${name}.mar` }))
      const page = JSON.parse((await fixture.manage('GET', '/models?limit=2')).text) as {
        nextPageToken?: string
      }
      return page.nextPageToken
    }),
    strict: undefined,
    torchserve: '2',
  },
  workerStates: {
    observe: overHttp(async (fixture) => {
      const states = ['loading', 'ready', 'draining', 'failed'] as const
      const [worker] = DESCRIPTION.workers
      const workers = worker === undefined ? [] : states.map((state) => ({ ...worker, state }))
      fixture.controlPlane.descriptions = [{ ...DESCRIPTION, workers }]
      const [version] = JSON.parse((await fixture.manage('GET', '/models/digits')).text) as [
        { workers: { status: string }[] },
      ]
      return version.workers.map(({ status }) => status)
    }),
    strict: ['LOADING', 'READY', 'DRAINING', 'FAILED'],
    torchserve: ['UNLOADING', 'READY', 'UNLOADING', 'UNLOADING'],
  },
  settingPrecedence: {
    observe: overCore('minWorkers: 2\nresponseTimeout: 4', async (core) => {
      await core.controlPlane.register({
        archive: 'm1',
        initialWorkers: 1,
        settings: { inferenceTimeoutMs: 5000, startupTimeoutMs: 6000, maxBatchRows: 7 },
        synchronous: true,
      })
      const [version] = core.controlPlane.describe({ name: 'm' })
      const { minWorkers, inferenceTimeoutMs, startupTimeoutMs, maxBatchRows } = version?.settings ?? {}
      return [minWorkers, inferenceTimeoutMs, startupTimeoutMs, maxBatchRows].map((each) => each?.value)
    }),
    strict: [1, 5000, 6000, 7],
    torchserve: [2, 4000, 120_000, 7],
  },
  modelConfigKeys: {
    observe: overCore('minWorkers: 2\nparallelType: tp\ncustom: 1', async (core) => {
      try {
        return (await core.register('m1')).workers
      } catch (error) {
        return messageOf(error).split(':')[1]
      }
    }),
    strict: " the model configuration has 'parallelType', which cannot apply",
    torchserve: 2,
  },
}

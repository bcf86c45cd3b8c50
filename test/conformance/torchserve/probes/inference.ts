import { ServingError } from '../../../../worker/contract/errors.ts'
import type { Reply, TorchServeFixture } from '../../../support/torchserve-fixture.ts'
import { overHttp } from './probe.ts'

const PREDICTION = '/predictions/digits'

function failingWith(error: ServingError) {
  return overHttp(async (fixture) => {
    fixture.dataPlane.outcome = error
    return (await fixture.infer(PREDICTION)).status
  })
}

async function refusal(fixture: TorchServeFixture, error: ServingError) {
  fixture.dataPlane.admission = error
  return fixture.infer(PREDICTION)
}

function shown({ status, headers, text }: Reply) {
  const { message } = JSON.parse(text) as { message: string } // an error body
  return [status, message, headers.get('retry-after'), headers.get('x-reject-reason')]
}

const ONE_ANSWER_FOR_BOTH = [
  503,
  'No worker of this model takes requests, or its queue is full; start workers with the scale API, or retry later.',
  null,
  null,
]

/** Inference routes, and the statuses of what goes wrong on them. */
export const inferenceProbes = {
  anyMethodPredicts: {
    observe: overHttp(async (fixture) => {
      const paths = [PREDICTION, '/predictions/digits/1.0', '/invocations']
      const answers = paths.flatMap((path) =>
        ['GET', 'DELETE', 'PATCH'].map((method) => fixture.infer(path, { method })),
      )
      return [...new Set((await Promise.all(answers)).map(({ status }) => status))]
    }),
    strict: [405],
    torchserve: [200],
  },
  v1Routes: {
    observe: overHttp(async (fixture) => {
      const paths = ['/v1/models/digits:predict', '/v1/models/digits:explain']
      return Promise.all(paths.map(async (path) => (await fixture.infer(path)).status))
    }),
    // Another dialect has these paths then.
    strict: [404, 404],
    torchserve: [200, 200],
  },
  openApiNames: {
    observe: overHttp(async (fixture) => {
      const ofAddress = await fixture.infer('/', { method: 'OPTIONS' })
      const ofModel = await fixture.infer(PREDICTION, { method: 'OPTIONS' })
      const { info } = JSON.parse(ofAddress.text) as { info: { title: string } } // an OpenAPI document
      const { paths } = JSON.parse(ofModel.text) as { paths: object }
      return [info.title, Object.keys(paths)[0]]
    }),
    strict: ['OnnxServe inference API', '/predictions/digits'],
    torchserve: ['TorchServe APIs', '/prediction/digits'],
  },
  rootNotAllowed: {
    observe: overHttp(async (fixture) => {
      const answers = [await fixture.infer('/', { method: 'GET' }), await fixture.manage('GET', '/')]
      return answers.map(({ status }) => status)
    }),
    strict: [200, 200],
    torchserve: [405, 405],
  },
  handlerFailureStatus: {
    observe: failingWith(new ServingError('internal', 'the handler failed')),
    strict: 500,
    torchserve: 503,
  },
  timeoutStatus: {
    observe: failingWith(new ServingError('deadline_exceeded', 'too late', { reason: 'worker' })),
    strict: 504,
    torchserve: 500,
  },
  sameUnavailable: {
    observe: overHttp(async (fixture) => {
      const noWorker = new ServingError('unavailable', 'no worker', { reason: 'no_worker' })
      const full = new ServingError('resource_exhausted', 'full', {
        reason: 'queue_full',
        retryAfterMs: 2000,
      })
      return [shown(await refusal(fixture, noWorker)), shown(await refusal(fixture, full))]
    }),
    strict: [
      [503, 'no worker', '1', 'no_worker'],
      [503, 'full', '2', 'queue_full'],
    ],
    torchserve: [ONE_ANSWER_FOR_BOTH, ONE_ANSWER_FOR_BOTH],
  },
  emptyBodyTooLarge: {
    observe: overHttp(async (fixture) => {
      const { status, text } = await fixture.infer(PREDICTION, { body: Buffer.alloc(100_001) })
      return [status, text === '' ? 'nothing' : Object.keys(JSON.parse(text) as object)]
    }),
    strict: [413, ['code', 'type', 'message']],
    torchserve: [413, 'nothing'],
  },
}

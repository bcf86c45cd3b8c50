import { COMPATIBILITIES } from '../../../frontend/protocols/torchserve/quirks.ts'
import { ANSWER_CASES } from './answer-cases.ts'
import { runCases } from './case.ts'
import { ConformanceServer } from './conformance-server.ts'
import { INFERENCE_CASES } from './inference-cases.ts'
import { MANAGEMENT_CASES } from './management-cases.ts'
import { METRICS_CASES } from './metrics-cases.ts'

for (const compatibility of COMPATIBILITIES) {
  describe(`TorchServe's REST API, ${compatibility}`, function () {
    this.timeout(60_000)
    let server: ConformanceServer

    before(async () => {
      server = await ConformanceServer.start(compatibility)
    })

    after(async () => {
      await server.stop()
    })

    describe('inference', () => runCases(INFERENCE_CASES, compatibility, () => server))
    describe('answers', () => runCases(ANSWER_CASES, compatibility, () => server))
    describe('metrics', () => runCases(METRICS_CASES, compatibility, () => server))
    describe('management', () => runCases(MANAGEMENT_CASES, compatibility, () => server))
  })
}

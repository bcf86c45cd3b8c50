import assert from 'node:assert/strict'
import { COMPATIBILITIES, QUIRKS, type QuirkName } from '../../../frontend/protocols/torchserve/quirks.ts'
import { healthProbes } from './probes/health.ts'
import { configProbes } from './probes/config.ts'
import { grpcProbes } from './probes/grpc.ts'
import { handlerProbes } from './probes/handler.ts'
import { httpProbes } from './probes/http.ts'
import { inferenceProbes } from './probes/inference.ts'
import { managementProbes } from './probes/management.ts'
import { metricsProbes } from './probes/metrics.ts'
import type { Probe } from './probes/probe.ts'
import { startupProbes } from './probes/startup.ts'
import { securityProbes } from './probes/security.ts'
import { tokenProbes } from './probes/tokens.ts'

/** A quirk without its probe does not compile. */
const PROBES: Readonly<Record<QuirkName, Probe>> = {
  ...configProbes,
  ...grpcProbes,
  ...handlerProbes,
  ...healthProbes,
  ...httpProbes,
  ...inferenceProbes,
  ...metricsProbes,
  ...startupProbes,
  ...securityProbes,
  ...tokenProbes,
  ...managementProbes,
}

describe('the quirks of TorchServe', () => {
  it('have one probe each', () => {
    assert.deepEqual(Object.keys(PROBES).sort(), Object.keys(QUIRKS).sort())
  })

  for (const [name, probe] of Object.entries(PROBES)) {
    it(`${name} differs between the modes`, () => {
      assert.notDeepEqual(probe.strict, probe.torchserve)
    })
    for (const compatibility of COMPATIBILITIES) {
      it(`${name} is as documented with compatibility=${compatibility}`, async () => {
        assert.deepEqual(await probe.observe(compatibility), probe[compatibility])
      })
    }
  }
})

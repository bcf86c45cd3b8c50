import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { inferenceTarget } from '../../../frontend/frontends/local-requests.ts'

const LOCAL: Readonly<Record<string, object>> = {
  'POST /predictions/m': { name: 'm' },
  'PUT /predictions/m/1.0?a=b': { name: 'm', version: '1.0' },
  'POST /explanations/m': { name: 'm' },
  'POST /v2/models/m/infer': { name: 'm' },
  'POST /v2/models/m/versions/2/infer': { name: 'm', version: '2' },
  'POST /v2/models/m/generate_stream': { name: 'm' },
  'POST /v1/models/m:predict': { name: 'm' },
  'POST /v1/models/m/versions/007:classify': { name: 'm', integerVersion: '7' },
  'POST /v1/models/m/versions/2.1:regress': { name: 'm', version: '2.1' },
  'POST /v1/models/m/labels/stable:predict': { name: 'm', label: 'stable' },
}

const PASSED_ON: readonly string[] = [
  'GET /predictions/m',
  'GET /v2/models/m',
  'GET /v2/health/ready',
  'POST /predictions/m/1.0/deeper',
  'POST /predictions/m%20x',
  'POST /invocations',
  'POST /v2/repository/index',
  'POST /v2/models/m/infer/more',
  'POST /v1/models/m/versions/99999999999999999999:predict',
  'OPTIONS /predictions/m',
]

function targetOf(request: string) {
  const [method, url] = request.split(' ')
  return inferenceTarget({ method, url } as IncomingMessage) // all of it that is looked at
}

describe('inferenceTarget', () => {
  for (const [request, model] of Object.entries(LOCAL)) {
    it(`finds the model of ${request}`, () => assert.deepEqual(targetOf(request), model))
  }
  for (const request of PASSED_ON) {
    it(`leaves ${request} to the primary`, () => assert.equal(targetOf(request), undefined))
  }
})

import assert from 'node:assert/strict'
import { SecuredFixture, type SecuredOptions } from '../support/secured-fixture.ts'
import { tokenText } from '../support/tokens.ts'

describe('the warning of scopes that no token has', () => {
  let fixture: SecuredFixture | undefined

  afterEach(async () => {
    await fixture?.close()
    fixture = undefined
  })

  const ONE_TOKEN = { ONNXSERVE_INFERENCE_TOKEN: tokenText('inference') }
  const ALL_TOKENS = {
    ...ONE_TOKEN,
    ONNXSERVE_MANAGEMENT_TOKEN: tokenText('management'),
    ONNXSERVE_METRICS_TOKEN: tokenText('metrics'),
  }
  const USELESS: { it: string; options: SecuredOptions; scopes: readonly string[] }[] = [
    {
      it: 'each listener that nobody can use',
      options: { environment: ONE_TOKEN },
      scopes: ['management', 'metrics'],
    },
    {
      it: 'none that is off or needs no token',
      options: { environment: ONE_TOKEN, flags: { compatibility: 'torchserve' } },
      scopes: ['management'],
    },
    { it: 'none where there is a token for each', options: { environment: ALL_TOKENS }, scopes: [] },
    {
      it: 'none where the server makes the keys',
      options: { flags: { tokenAuthorization: 'on' } },
      scopes: [],
    },
    { it: 'none where no tokens are asked for', options: {}, scopes: [] },
  ]
  for (const { it: name, options, scopes } of USELESS) {
    it(`tells ${name}`, async () => {
      fixture = await SecuredFixture.open(options)
      const warned = fixture.lines.join('').matchAll(/"level":"warn".*no token has the scope '(\w+)'/g)
      assert.deepEqual(
        Array.from(warned, ([, scope]) => scope),
        scopes,
      )
    })
  }
})

import { TokenAuthorizer } from '../../../../frontend/security/token-authorizer.ts'
import { bearer, knownToken, tokenText } from '../../../support/tokens.ts'
import { TorchServeFixture, request } from '../../../support/torchserve-fixture.ts'
import type { Probe } from './probe.ts'

/** Looks at the dialect where tokens are asked for. */
function withTokens(look: (fixture: TorchServeFixture) => Promise<unknown>): Probe['observe'] {
  return async (compatibility) => {
    const tokens = [knownToken('caller', ['inference'])]
    const access = new TokenAuthorizer({ tokens: () => tokens, nowMs: () => 0 })
    const fixture = await TorchServeFixture.open(compatibility, access)
    try {
      return await look(fixture)
    } finally {
      await fixture.close()
    }
  }
}

async function statusOf(url: string, authorization?: string): Promise<[number, string | null]> {
  const { status, headers } = await request(
    url,
    authorization === undefined ? {} : { headers: { authorization } },
  )
  return [status, headers.get('www-authenticate')]
}

/** What a caller without the right token gets, and where none is needed. */
export const tokenProbes = {
  tokenErrorStatus: {
    observe: withTokens(async ({ managementUrl }) => [
      await statusOf(`${managementUrl}/models`),
      await statusOf(`${managementUrl}/models`, bearer(tokenText('nobody'))),
      await statusOf(`${managementUrl}/models`, bearer(tokenText('caller'))),
    ]),
    strict: [
      [401, 'Bearer'],
      [401, 'Bearer error="invalid_token"'],
      [403, null],
    ],
    torchserve: [
      [400, null],
      [400, null],
      [400, null],
    ],
  },
  healthToken: {
    observe: withTokens(async ({ inferenceUrl }) => [
      await statusOf(`${inferenceUrl}/ping`),
      await statusOf(`${inferenceUrl}/ping`, bearer(tokenText('caller'))),
    ]),
    strict: [
      [200, null],
      [200, null],
    ],
    torchserve: [
      [400, null],
      [200, null],
    ],
  },
  openDocuments: {
    observe: withTokens(async ({ metricsUrl }) => statusOf(`${metricsUrl}/metrics`)),
    strict: [401, 'Bearer'],
    torchserve: [200, null],
  },
} satisfies Readonly<Record<string, Probe>>

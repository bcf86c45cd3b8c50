import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyRecords } from '../../../../frontend/security/key-file.ts'
import type { SettingKey } from '../../../../frontend/config/schema.ts'
import { http } from '../../../support/http-client.ts'
import { SecuredFixture } from '../../../support/secured-fixture.ts'
import { bearer } from '../../../support/tokens.ts'
import type { Probe } from './probe.ts'

const ORIGIN = 'https://shop.example'

/** Looks at listeners that were made from settings. */
function withSettings(
  flags: Readonly<Partial<Record<SettingKey, string>>>,
  look: (fixture: SecuredFixture) => Promise<unknown>,
): Probe['observe'] {
  return async (compatibility) => {
    const fixture = await SecuredFixture.open({ flags: { compatibility, ...flags } })
    try {
      return await look(fixture)
    } finally {
      await fixture.close()
    }
  }
}

export const securityProbes = {
  keyOverlap: {
    observe: withSettings({ tokenAuthorization: 'on' }, async ({ urls, directory }) => {
      const text = await readFile(join(directory, 'key_file.json'), 'utf8')
      const { management, API } = JSON.parse(text) as KeyRecords
      const statusOf = async (path: string, key: string) => {
        const headers = { authorization: bearer(key) }
        return (await http(`${urls.management}${path}`, { headers })).status
      }
      const before = await statusOf('/models', management.key)
      const renewal = await statusOf('/token?type=management', API.key)
      return [before, renewal, await statusOf('/models', management.key)]
    }),
    strict: [200, 200, 200],
    torchserve: [200, 200, 400],
  },
  staticCors: {
    observe: withSettings(
      { tokenAuthorization: 'off', corsAllowedOrigin: ORIGIN, corsAllowedMethods: 'POST' },
      async ({ urls }) => {
        const preflight = { origin: ORIGIN, 'access-control-request-method': 'POST' }
        const answers = [
          await http(`${urls.inference}/live`),
          await http(`${urls.inference}/live`, { headers: { origin: 'https://evil.example' } }),
          await http(`${urls.inference}/wfpredict/x`, { method: 'OPTIONS', headers: preflight }),
        ]
        return answers.map(({ headers }) => [
          headers['access-control-allow-origin'],
          headers['access-control-max-age'],
          headers.vary,
        ])
      },
    ),
    strict: [
      [undefined, undefined, 'Origin'],
      [undefined, undefined, 'Origin'],
      [ORIGIN, '600', 'Origin'],
    ],
    torchserve: [
      [ORIGIN, undefined, undefined],
      [ORIGIN, undefined, undefined],
      [ORIGIN, undefined, undefined],
    ],
  },
  cacheHeaders: {
    observe: withSettings({ tokenAuthorization: 'off' }, async ({ urls }) => {
      const { headers } = await http(`${urls.inference}/no-such-route`)
      return [headers.pragma, headers['cache-control'], headers.expires]
    }),
    strict: [undefined, undefined, undefined],
    torchserve: ['no-cache', 'no-cache; no-store, must-revalidate, private', 'Thu, 01 Jan 1970 00:00:00 UTC'],
  },
} satisfies Readonly<Record<string, Probe>>

import type { Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

/** Looks at one oddity, and says what each mode must show. */
export type Probe = {
  readonly observe: (compatibility: Compatibility) => Promise<unknown>
  readonly strict: unknown
  readonly torchserve: unknown
}

/** Looks at the dialect over HTTP, with fake planes behind it. */
export function overHttp(
  look: (fixture: TorchServeFixture) => Promise<unknown>,
): (compatibility: Compatibility) => Promise<unknown> {
  return async (compatibility) => {
    const fixture = await TorchServeFixture.open(compatibility)
    try {
      return await look(fixture)
    } finally {
      await fixture.close()
    }
  }
}

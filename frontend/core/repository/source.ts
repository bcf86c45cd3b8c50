import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import type { TritonConfig } from '../../../archiver-cli/format/triton/model-config-schema.ts'
import { compareVersions } from '../../../worker/contract/model-id.ts'
import type { StoredModel } from '../archive-source.ts'
import type { VersionChoice } from '../control-plane.ts'

/** A version that has been verified and unpacked. */
export type LoadedOffer = StoredModel & {
  /** Settings that it must run with. Absent: those of the version that it takes the place of, if any. */
  readonly overrides?: ModelConfig
}

/** A version that a source offers. */
export type OfferedVersion = {
  readonly version: string
  /** Changes when its content does; cheap to find out. */
  readonly fingerprint: string
  /** Whether it should be loaded, as far as the model itself says. */
  readonly isAspired: boolean
  /** Verifies and unpacks it. @throws ServingError `invalid_argument` | `not_found` */
  readonly load: () => Promise<LoadedOffer>
  /** The same version with another configuration than its own. */
  readonly configured: (config: TritonConfig) => OfferedVersion
}

/** The complete list of a model's versions at a source: what is missing in it is gone. */
export type OfferedModel = {
  readonly name: string
  readonly versions: readonly OfferedVersion[]
  /** Why the list cannot be trusted: nothing is concluded from it. */
  readonly error?: Error
}

/** What a path holds, under the name that the model is to have. @throws ServingError `invalid_argument` */
export type OfferedAt = (name: string, path: string) => Promise<OfferedModel>

/** Where models lie. */
export interface RepositorySource {
  models(): Promise<readonly OfferedModel[]>
}

/**
 * The versions of an offer that are to be served: those of the choice, else those that the model itself wants. A
 * version that is named and not offered is left out.
 */
export function chosenVersions(
  offered: readonly OfferedVersion[],
  choice?: VersionChoice,
): readonly OfferedVersion[] {
  if (choice === undefined) return offered.filter(({ isAspired }) => isAspired)
  const ascending = [...offered].sort((a, b) => compareVersions(a.version, b.version))
  switch (choice.kind) {
    case 'all':
      return ascending
    case 'latest':
      return ascending.slice(-choice.count)
    case 'specific':
      return ascending.filter(({ version }) => choice.versions.includes(version))
    default:
      return choice satisfies never
  }
}

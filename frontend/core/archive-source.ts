import type { Manifest } from '../../archiver-cli/format/manifest.ts'
import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'

/** An archive that has been verified and unpacked. */
export type StoredModel = {
  readonly archive: string
  readonly digest: string
  readonly modelDir: string
  readonly modelBytes: number
  readonly manifest: Manifest
  readonly config: ModelConfig
}

/** Where registrations get their archives from. */
export interface ArchiveSource {
  /**
   * Verifies and unpacks an archive.
   *
   * @param location name in the model store, or an address where that is allowed
   * @param sha256 what the archive file must have, lower-case hex
   * @throws ServingError `not_found` | `invalid_argument` (broken archive, or another digest) | `permission_denied`
   */
  load(location: string, sha256?: string): Promise<StoredModel>
}

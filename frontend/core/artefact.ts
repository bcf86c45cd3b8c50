import type { Manifest } from '../../archiver-cli/format/manifest.ts'
import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'

/** The immutable artefact behind a version: where its files are, and what they say. */
export type Artefact = {
  readonly model: ModelId
  /** File name in the model store that it came from. */
  readonly archive: string
  /** SHA-256 of the archive, lower-case hex. */
  readonly digest: string
  /** The unpacked files: private to the server, read-only, shared by all its workers. */
  readonly modelDir: string
  readonly modelBytes: number
  readonly handler: string
  readonly manifest: Manifest
  readonly config: ModelConfig
}

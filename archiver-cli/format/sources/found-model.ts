/** A version of a model as it lies on the disk, not opened yet. */
export type FoundVersion = {
  readonly version: string
  /** Where it is below what was searched: `digits.mar`, `model.onnx`, `resnet/3`. Artefacts are called by it. */
  readonly location: string
  readonly source: FoundSource
  /** Whether it should be loaded, as far as the model's own configuration goes: `version_policy`. */
  readonly isAspired: boolean
}

export type FoundSource =
  | { readonly kind: 'archive'; readonly path: string }
  | {
      readonly kind: 'graph'
      /** Everything that is served lies below; links may not lead out of it. */
      readonly root: string
      /** The ONNX file, relative to `root`. */
      readonly file: string
      /** What applies to it, relative to `root`. */
      readonly tritonConfig?: string
      readonly modelConfig?: string
    }

export type FoundModel = {
  readonly name: string
  /** Ascending. */
  readonly versions: readonly FoundVersion[]
}

/** What looks like a model and is none, with the reason. */
export type FoundProblem = { readonly location: string; readonly message: string }

export type Discovery = {
  /** By name. */
  readonly models: readonly FoundModel[]
  readonly problems: readonly FoundProblem[]
}

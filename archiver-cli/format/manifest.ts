import { z } from 'zod'
import { DATA_TYPES } from '../../worker/contract/data-type.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { isValidName } from '../../worker/contract/model-id.ts'

/** Where the manifest lies in every archive. */
export const MANIFEST_PATH = 'MAR-INF/MANIFEST.json'

const name = z.string().refine(isValidName, {
  error: 'must start with a letter or digit and hold only letters, digits, ".", "_" and "-"',
})
/** `TensorMetadata` of the contract. */
export const tensorMetadataSchema = z.strictObject({
  name: z.string(),
  dtype: z.enum(DATA_TYPES),
  shape: z.array(z.union([z.int(), z.string()])),
})

/**
 * `MAR-INF/MANIFEST.json`: TorchServe's fields, then every file's size and digest and the graph's signature.
 *
 * `model.serializedFile` is absent when the handler runs no graph. `inputs` and `outputs` are absent when the
 * archive was packed without opening the model.
 */
export const manifestSchema = z.strictObject({
  createdOn: z.string(),
  runtime: z.literal('node'),
  archiverVersion: z.string(),
  model: z.strictObject({
    modelName: name,
    modelVersion: name,
    handler: z.string(),
    serializedFile: z.string().optional(),
    configFile: z.string().optional(),
  }),
  files: z.array(
    z.strictObject({
      path: z.string(),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
  inputs: z.array(tensorMetadataSchema).optional(),
  outputs: z.array(tensorMetadataSchema).optional(),
})

export type Manifest = z.infer<typeof manifestSchema>
export type ManifestFile = Manifest['files'][number]

/** @throws ServingError `invalid_argument` naming the field. */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ServingError('invalid_argument', `${MANIFEST_PATH} is not valid JSON`, {
      cause: error,
      reason: 'archive',
    })
  }
  const result = manifestSchema.safeParse(value)
  if (result.success) return result.data
  if (isForPython(value)) {
    throw new ServingError(
      'invalid_argument',
      'was made by torch-model-archiver; export the model to ONNX and pack it with onnx-model-archiver',
      { reason: 'archive' },
    )
  }
  const issue = result.error.issues[0]
  throw new ServingError(
    'invalid_argument',
    `${MANIFEST_PATH} has a bad '${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'unknown'}`,
    { reason: 'archive' },
  )
}

/** A TorchServe archive: the likeliest wrong file of all. */
function isForPython(value: unknown): boolean {
  return z.object({ runtime: z.string().regex(/^(python|LSP)/i) }).safeParse(value).success
}

/** The extensions of the protocol that are served, in Triton's words for the metadata of the server. */
export const EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'classification',
  'sequence',
  'model_repository',
  'schedule_policy',
  'model_configuration',
  'parameters',
  'statistics',
  'generate',
  'trace',
  'logging',
]

/** Handlers that come with the server; an archive names one of these, or carries its own module. */
export const BUILT_IN_HANDLERS = [
  'tensor',
  'image_classifier',
  'object_detector',
  'image_segmenter',
  'text_classifier',
] as const

export type BuiltInHandler = (typeof BUILT_IN_HANDLERS)[number]

export function isBuiltInHandler(value: string): value is BuiltInHandler {
  return (BUILT_IN_HANDLERS as readonly string[]).includes(value)
}

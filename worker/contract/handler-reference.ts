/** What an archive names as its handler: a module, and which of its exports if not the usual ones. */
export type HandlerReference = { readonly file: string; readonly exported?: string }

/** `handler.mjs`, or `handler.mjs:answer` as TorchServe writes the name of a function. */
export function handlerReference(handler: string): HandlerReference {
  const match = /^(.+\.[cm]?[jt]s):([\w$]+)$/.exec(handler)
  const [, file, exported] = match ?? []
  return file === undefined || exported === undefined ? { file: handler } : { file, exported }
}

export type Gate<T> = { readonly promise: Promise<T>; readonly open: (value: T) => void }

/** A promise that a test settles by hand, to step what depends on it. */
export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

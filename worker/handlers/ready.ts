/** What `initialize` leaves for the requests: {@link get} before {@link set} is a bug of the caller. */
export type Initialized<T> = { readonly set: (value: T) => void; readonly get: () => T }

export function whenInitialized<T>(): Initialized<T> {
  let held: { readonly value: T } | undefined
  return {
    set: (value) => {
      held = { value }
    },
    get: () => {
      if (held === undefined) throw new Error('a request came before initialize')
      return held.value
    },
  }
}

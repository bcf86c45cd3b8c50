/** A clock that all threads of a process read alike: `performance.now` counts from the start of each. */
export function processMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

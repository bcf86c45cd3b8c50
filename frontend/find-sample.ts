import { readdirSync } from 'node:fs'
import { posix } from 'node:path'

/** What a shell takes as it stands. */
const PLAIN_NAME = /^[\w-][\w.-]*$/

/** A sample of the repository's example of that name, as seen from the working directory at its root. */
export function findSample(modelName: string): string | undefined {
  const folder = posix.join('examples', modelName, 'samples')
  const sample = fileNames(folder).find((name) => PLAIN_NAME.test(name))
  return sample === undefined ? undefined : posix.join(folder, sample)
}

function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return [] // the server does not run in the repository, or the model is no example
  }
}

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, realpath, rm } from 'node:fs/promises'
import { basename, isAbsolute, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ServingError } from '../../worker/contract/errors.ts'
import { isValidName } from '../../worker/contract/model-id.ts'
import { allowedBy, shownUrl, type AllowedUrl } from './allow-list.ts'
import {
  badLocation,
  diskFull,
  downloadFailed,
  downloadTooLarge,
  downloadTooSlow,
  notAllowed,
} from './errors.ts'
import { openUrl, systemResolve, type Resolve } from './open-url.ts'

export type ArchiveFetcherOptions = {
  readonly allowed: readonly AllowedUrl[]
  readonly allowPrivateAddresses: boolean
  readonly maxBytes: number
  readonly timeoutMs: number
  /** Where downloads lie while they are unpacked; made when it is needed. */
  readonly directory: string
  readonly resolve?: Resolve
}

/** An archive on this machine, to be read now. */
export type FetchedArchive = {
  /** What it is called from now on: its address without what may be secret. */
  readonly name: string
  readonly path: string
  /** Removes what was downloaded; a file that was there before stays. */
  readonly release: () => Promise<void>
}

/** Archives from outside the model store: allowed addresses of this machine, and of others. */
export class ArchiveFetcher {
  readonly #options: ArchiveFetcherOptions

  constructor(options: ArchiveFetcherOptions) {
    this.#options = options
  }

  /** Clears what a killed server left behind. */
  async prepare(): Promise<void> {
    await rm(this.#options.directory, { recursive: true, force: true })
  }

  /**
   * Makes the archive at an address readable. The caller must release it.
   *
   * @param location an http, https or file address, or an absolute path
   * @throws ServingError `permission_denied` | `invalid_argument` | `not_found` | `resource_exhausted` |
   * `deadline_exceeded`
   */
  async fetch(location: string): Promise<FetchedArchive> {
    const url = urlOf(location)
    const allowed = allowedBy(url, this.#options.allowed)
    return url.protocol === 'file:' ? localArchive(url, allowed) : this.#download(url)
  }

  async #download(url: URL): Promise<FetchedArchive> {
    const { directory, timeoutMs } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const home = await mkdtemp(join(directory, `${randomBytes(6).toString('hex')}-`))
    const release = () => rm(home, { recursive: true, force: true })
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const path = join(home, fileNameOf(url))
      await this.#write(url, path, signal)
      return { name: shownUrl(url), path, release }
    } catch (error) {
      await release()
      if (error instanceof ServingError) throw error
      if (isDiskFull(error)) throw diskFull(shownUrl(url), error)
      throw signal.aborted ? downloadTooSlow(shownUrl(url), timeoutMs) : downloadFailed(shownUrl(url), error)
    }
  }

  async #write(url: URL, path: string, signal: AbortSignal): Promise<void> {
    const { allowed, allowPrivateAddresses, resolve = systemResolve, maxBytes } = this.#options
    const response = await openUrl(url, { allowed, allowPrivateAddresses, resolve, signal })
    const file = await open(path, 'wx', 0o600)
    try {
      if (Number(response.headers['content-length'] ?? 0) > maxBytes)
        throw downloadTooLarge(shownUrl(url), maxBytes)
      let bytes = 0
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.byteLength
        if (bytes > maxBytes) throw downloadTooLarge(shownUrl(url), maxBytes)
        await file.writeFile(chunk)
      }
    } finally {
      response.destroy()
      await file.close()
    }
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

function urlOf(location: string): URL {
  if (location.includes('\\')) throw badLocation(location, 'holds a back-slash')
  if (isAbsolute(location)) return pathToFileURL(location)
  if (!URL.canParse(location)) throw badLocation(location, 'is no address')
  return new URL(location)
}

/** Links may lead away from what is allowed, so that the file itself must lie under it too. */
async function localArchive(url: URL, allowed: AllowedUrl): Promise<FetchedArchive> {
  const name = shownUrl(url)
  const path = await realPathOf(url)
  const root = await realPathOf(new URL(`file://${allowed.path}`))
  if (path === undefined || root === undefined) {
    throw new ServingError('not_found', `there is no archive at '${name}'`, { reason: 'archive' })
  }
  const isInside = path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
  if (!isInside) throw notAllowed(name, 'a link leads out of the allowed directory')
  return { name, path, release: () => Promise.resolve() }
}

async function realPathOf(url: URL): Promise<string | undefined> {
  return realpath(fileURLToPath(url)).catch(() => undefined) // absent or unreadable: the same answer
}

/** For messages about the archive; the name says nothing about its format. */
function fileNameOf({ pathname }: URL): string {
  const name = basename(pathname)
  return isValidName(name) ? name : 'archive.mar'
}

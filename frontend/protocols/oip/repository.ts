import { ServingError } from '../../../worker/contract/errors.ts'
import type { ControlPlane, LoadRequest, RepositoryEntry } from '../../core/control-plane.ts'
import type { VersionState } from '../../core/version-state.ts'
import { isJsonObject, jsonObjectFrom, type JsonObject } from './json-body.ts'
import { badParameter } from './parameter-names.ts'

/** A model of the repository as the protocol tells of it; one that was never loaded has its name alone. */
export type IndexEntry = {
  readonly name: string
  readonly version?: string
  readonly state?: RepositoryState
  readonly reason?: string
}

type RepositoryState = 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING'

const STATES: Readonly<Record<VersionState, RepositoryState>> = {
  new: 'UNAVAILABLE',
  loading: 'LOADING',
  ready: 'READY',
  draining: 'UNLOADING',
  unloading: 'UNLOADING',
  unloaded: 'UNAVAILABLE',
  failed: 'UNAVAILABLE',
}

/** The model repository extension, whatever the transport. */
export type RepositoryOptions = { readonly controlPlane: Pick<ControlPlane, 'index' | 'load' | 'unload'> }

/** @param ready whether only those that can answer are wanted */
export async function repositoryIndex(
  { controlPlane }: RepositoryOptions,
  ready: boolean,
): Promise<IndexEntry[]> {
  const entries = (await controlPlane.index()).map(indexEntry)
  return ready ? entries.filter(({ state }) => state === 'READY') : entries
}

function indexEntry({ name, version, state, reason }: RepositoryEntry): IndexEntry {
  if (state === undefined) return { name }
  return {
    name,
    ...(version === undefined ? {} : { version }),
    state: STATES[state],
    // Triton's clients tell a model that was unloaded from one that failed by this word.
    ...(state === 'unloaded' ? { reason: reason ?? 'unloaded' } : reason === undefined ? {} : { reason }),
  }
}

/** There is one repository, the model store; it has no name. @throws ServingError `unimplemented` */
export function refuseRepositoryName(repository: string | undefined): void {
  if (repository === undefined || repository === '') return
  throw new ServingError(
    'unimplemented',
    `repository '${repository.slice(0, 100)}' cannot be named: there is one, the model store; leave the name out`,
    { reason: 'repository' },
  )
}

const FILE_PREFIX = 'file:'
const PLACE = '/parameters'

/**
 * What a load request asks for.
 *
 * @param parameters `config` is JSON as a text; `file:<version>/<file>` is base64, or the bytes themselves over gRPC
 * @throws ServingError `invalid_argument`
 */
export function loadRequestFrom(name: string, parameters: unknown = {}): LoadRequest {
  const given = parametersObject(parameters)
  const files = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith(FILE_PREFIX)) files.set(filePath(key), fileContent(key, value))
    else if (key !== 'config') throw unknownParameter(key, `'config' or '${FILE_PREFIX}<version>/<file>'`)
  }
  const config = given.config === undefined ? undefined : configFrom(given.config)
  if (config === undefined && files.size > 0) throw filesWithoutConfig()
  return {
    name,
    ...(config === undefined ? {} : { config }),
    ...(files.size === 0 ? {} : { files }),
  }
}

/** Checks what an unload request says; there are no models that depend on others. @throws ServingError `invalid_argument` */
export function checkUnloadParameters(parameters: unknown = {}): void {
  for (const [key, value] of Object.entries(parametersObject(parameters))) {
    if (key !== 'unload_dependents') throw unknownParameter(key, "'unload_dependents'")
    if (typeof value !== 'boolean') throw badParameter(`${PLACE}/${key}`, 'true or false', value)
  }
}

function parametersObject(parameters: unknown): JsonObject {
  if (isJsonObject(parameters)) return parameters
  throw badParameter(PLACE, 'an object', parameters)
}

function configFrom(value: unknown): JsonObject {
  const expected = 'a model configuration as JSON in a text'
  if (typeof value !== 'string') throw badParameter(`${PLACE}/config`, expected, value)
  try {
    return jsonObjectFrom(value)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replace(/^the body/, 'it') : 'it cannot be read'
    throw new ServingError('invalid_argument', `${PLACE}/config is no ${expected.slice(2)}: ${problem}`, {
      reason: 'parameter',
      cause,
    })
  }
}

const MAX_PATH_CHARACTERS = 1024

/** Below the model's directory, whatever a system makes of separators. */
function filePath(key: string): string {
  const path = key.slice(FILE_PREFIX.length)
  const segments = path.split('/')
  const isSafe = segments.every((each) => /^[^\\\0:]+$/.test(each) && each !== '.' && each !== '..')
  if (isSafe && segments.length > 1 && path.length <= MAX_PATH_CHARACTERS) return path
  throw new ServingError(
    'invalid_argument',
    `${PLACE}/${key.slice(0, 100)} names no file of the model; expected ${FILE_PREFIX}<version>/<file>, without '..'`,
    { reason: 'parameter' },
  )
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const BASE64_GROUP = 4

function fileContent(key: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  const isBase64 = typeof value === 'string' && value.length % BASE64_GROUP === 0 && BASE64.test(value)
  if (!isBase64)
    throw badParameter(`${PLACE}/${key.slice(0, 100)}`, 'the content of the file in base64', value)
  return Buffer.from(value, 'base64')
}

function unknownParameter(key: string, expected: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `${PLACE}/${key.slice(0, 100)} is unknown, expected ${expected}`,
    {
      reason: 'parameter',
    },
  )
}

function filesWithoutConfig(): ServingError {
  return new ServingError(
    'invalid_argument',
    `${PLACE} has files and no 'config'; give the model configuration along with the files`,
    { reason: 'parameter' },
  )
}

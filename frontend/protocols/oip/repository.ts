import { parseJson } from '../../../worker/contract/json.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import type { ControlPlane, LoadRequest, RepositoryEntry } from '../../core/control-plane.ts'
import type { VersionState } from '../../core/version-state.ts'

/* Triton's model repository extension, for HTTP and gRPC alike. */

/** A row of the index. A model that was never loaded has its name only. */
export type IndexRow = {
  readonly name: string
  readonly version?: string
  readonly state?: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING'
  readonly reason?: string
}

const STATES: Readonly<Record<VersionState, NonNullable<IndexRow['state']>>> = {
  new: 'UNAVAILABLE',
  loading: 'LOADING',
  ready: 'READY',
  draining: 'UNLOADING',
  unloading: 'UNLOADING',
  unloaded: 'UNAVAILABLE',
  failed: 'UNAVAILABLE',
}

/** @param onlyReady leaves out what cannot answer */
export async function repositoryIndex(
  controlPlane: Pick<ControlPlane, 'index'>,
  { onlyReady }: { readonly onlyReady: boolean },
): Promise<IndexRow[]> {
  const rows = (await controlPlane.index()).map(indexRow)
  return onlyReady ? rows.filter(({ state }) => state === 'READY') : rows
}

function indexRow({ name, version, state, reason }: RepositoryEntry): IndexRow {
  if (version === undefined || state === undefined) return { name }
  const why = reason ?? (state === 'unloaded' ? 'unloaded' : undefined)
  return { name, version, state: STATES[state], ...(why === undefined ? {} : { reason: why }) }
}

/** There is one repository, and it has no name. @throws ServingError `unimplemented` */
export function refuseRepositoryName(name: string): void {
  if (name === '') return
  throw new ServingError(
    'unimplemented',
    `there is one repository, without a name: leave '${name.slice(0, 100)}' out`,
    { reason: 'repository' },
  )
}

const FILE_PREFIX = 'file:'

/**
 * What a request to load says: `config` as the text of a JSON object, and `file:<version>/<file>` with its content.
 *
 * @param contentOf reads the content of a file in the form that the transport has
 * @throws ServingError `invalid_argument` with the place of the parameter
 */
export function loadRequestFrom(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  contentOf: (value: unknown) => Uint8Array | undefined,
): LoadRequest {
  const files = new Map<string, Uint8Array>()
  let config: LoadRequest['config']
  for (const [key, value] of Object.entries(parameters)) {
    if (key === 'config') config = configFrom(value)
    else if (key.startsWith(FILE_PREFIX))
      files.set(key.slice(FILE_PREFIX.length), fileFrom(key, contentOf(value)))
    else throw badParameter(key, "is not known; 'config' and 'file:<version>/<file>' are")
  }
  return {
    name,
    ...(config === undefined ? {} : { config }),
    ...(files.size === 0 ? {} : { files }),
  }
}

function configFrom(value: unknown): NonNullable<LoadRequest['config']> {
  const expected = 'must be the text of a JSON object, a ModelConfig'
  if (typeof value !== 'string') throw badParameter('config', expected)
  const config = parseJson(value, 'the parameter config')
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw badParameter('config', expected)
  return config as NonNullable<LoadRequest['config']> // an object of JSON
}

function fileFrom(key: string, content: Uint8Array | undefined): Uint8Array {
  if (content === undefined) throw badParameter(key, 'must be the content of the file')
  return content
}

/** Models have no dependents here: whether they are to go, too, makes no difference. */
export function checkUnloadParameters(parameters: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(parameters)) {
    if (key !== 'unload_dependents') throw badParameter(key, "is not known; 'unload_dependents' is")
    if (typeof value !== 'boolean') throw badParameter(key, 'must be true or false')
  }
}

function badParameter(key: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `/parameters/${key.slice(0, 100)} ${problem}`, {
    reason: 'parameter',
  })
}

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { missingVariable, twoConfigFiles, unreadableFile } from './errors.ts'
import { parseProperties, type Property } from './properties.ts'
import { ENVIRONMENT_PREFIX } from './schema.ts'

/** Names a configuration file; not a setting, because it cannot be in the file itself. */
export const CONFIG_FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG_FILE`
/** TorchServe's variable of the same meaning. */
export const TORCHSERVE_FILE_VARIABLE = 'TS_CONFIG_FILE'
const DEFAULT_CONFIG_FILE = 'config.properties'

type Environment = Readonly<Record<string, string | undefined>>

export type ConfigFile = { readonly path: string; readonly properties: readonly Property[] }

export type FileSearch = {
  /** The file that a flag names. */
  readonly configFile?: string
  readonly environment: Environment
  readonly workingDirectory: string
}

/**
 * Finds and reads the configuration file: the one that a flag names, else one that a variable names, else
 * `config.properties` of the working directory if it exists.
 *
 * @param variableFirst TorchServe's order: its variable comes before the flag.
 * @throws ServingError `invalid_argument` when a named file cannot be read, or a value needs a variable that is not set.
 */
export function readConfigFile(search: FileSearch, variableFirst: boolean): ConfigFile | undefined {
  const path = pathOf(search, variableFirst)
  if (path === undefined) return undefined
  const properties = parseProperties(readText(path)).map((property) => ({
    ...property,
    value: withVariables(`${path}:${property.line}`, property, search.environment),
  }))
  return { path, properties }
}

function pathOf(search: FileSearch, variableFirst: boolean): string | undefined {
  const { configFile, environment, workingDirectory } = search
  const torchserve = environment[TORCHSERVE_FILE_VARIABLE]
  const ours = environment[CONFIG_FILE_VARIABLE]
  if (ours !== undefined && torchserve !== undefined && ours !== torchserve) {
    throw twoConfigFiles(CONFIG_FILE_VARIABLE, TORCHSERVE_FILE_VARIABLE)
  }
  const inVariable = ours ?? torchserve
  const named = variableFirst ? (inVariable ?? configFile) : (configFile ?? inVariable)
  if (named !== undefined) return resolve(workingDirectory, named)
  const path = resolve(workingDirectory, DEFAULT_CONFIG_FILE)
  return existsSync(path) ? path : undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile(path, error)
  }
}

/** Puts the environment's values in the place of `$$NAME$$`. */
function withVariables(source: string, { name, value }: Property, environment: Environment): string {
  return value.replace(/\$\$(\w+)\$\$/g, (_, variable: string) => {
    const text = environment[variable]
    if (text === undefined) throw missingVariable(source, name, variable)
    return text
  })
}

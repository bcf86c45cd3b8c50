import { ServingError } from '../../worker/contract/errors.ts'
import { nearest } from '../../worker/contract/nearest.ts'

/* What the configuration refuses; every message names the source, so that the reader knows what to edit. */

export function unknownSetting(source: string, name: string, known: readonly string[]): ServingError {
  const suggestion = nearest(name, known)
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  return configError(`${source}: '${name}' is not a setting${hint}`)
}

export function inapplicableKey(source: string, name: string, why: string): ServingError {
  return configError(`${source}: '${name}' ${why}`)
}

/** What to do about a key of TorchServe that means nothing here. */
export function withWayOut({ message }: ServingError): ServingError {
  return configError(`${message}; remove it, or set compatibility=torchserve, which passes over such keys`)
}

/** All mistakes at once: nobody wants to start a server as often as a file has them. */
export function together(errors: readonly [ServingError, ...ServingError[]]): ServingError {
  const [first, ...others] = errors
  if (others.length === 0) return first
  const lines = errors.map(({ message }) => `\n  ${message}`)
  return configError(`the configuration has ${errors.length} mistakes:${lines.join('')}`)
}

export function missingVariable(source: string, name: string, variable: string): ServingError {
  return configError(
    `${source}: ${name} needs the environment variable '${variable}', which is not set; set it, or write the value itself`,
  )
}

export function twoConfigFiles(first: string, second: string): ServingError {
  return configError(`environment: ${first} and ${second} name different files; keep one of them`)
}

export function twoFlags(first: string, second: string): ServingError {
  return configError(`command line: ${first} and ${second} mean the same; keep one of them`)
}

export function badValue(source: string, name: string, value: string, expected: string): ServingError {
  return configError(`${source}: ${name} is '${value}'; expected ${expected}`)
}

export function givenTwice(source: string, first: string, second: string): ServingError {
  const names = first === second ? `'${first}' appears twice` : `'${first}' and '${second}' mean the same`
  return configError(`${source}: ${names}; keep one of them`)
}

export function unreadableFile(path: string, cause: unknown): ServingError {
  return configError(
    `the configuration file '${path}' cannot be read; give the path of an existing file`,
    cause,
  )
}

export function twoKindsOfPaths(): ServingError {
  return configError(
    'model_paths and model_base_path are both given; the one is served as it lies, the other followed: keep one of them',
  )
}

export function batchingOffWithFile(path: string): ServingError {
  return configError(
    `enable_batching is false, but batching_parameters_file is '${path}'; leave one of them out`,
  )
}

export function unreadableBatching(path: string, cause: unknown): ServingError {
  return configError(
    `batching_parameters_file '${path}' cannot be read; give the path of an existing file`,
    cause,
  )
}

function configError(message: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'config', cause })
}

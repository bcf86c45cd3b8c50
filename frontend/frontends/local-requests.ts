import type { IncomingMessage } from 'node:http'
import type { ModelSelector } from '../core/data-plane.ts'
import { versionFrom } from '../protocols/tfserving/targets.ts'

/*
 * The requests that every frontend process answers itself: inference by a path that names its model, without
 * characters that need decoding. Everything else is passed on to the primary.
 */
const NAME = '([\\w.-]+)'
const END = '(?:\\?|$)'
const TORCHSERVE = new RegExp(`^/(?:predictions|explanations)/${NAME}(?:/${NAME})?${END}`)
const OIP = new RegExp(`^/v2/models/${NAME}(?:/versions/${NAME})?/(?:infer|generate|generate_stream)${END}`)
const TFSERVING = new RegExp(
  `^/v1/models/${NAME}(?:/versions/${NAME}|/labels/${NAME})?:(?:predict|classify|regress|explain)${END}`,
)

/** Which model a request of inference means; undefined for any other request. */
export function inferenceTarget({ method, url = '' }: IncomingMessage): ModelSelector | undefined {
  if (method !== 'POST' && method !== 'PUT') return undefined
  const [, name, version] = TORCHSERVE.exec(url) ?? OIP.exec(url) ?? []
  if (name !== undefined) return version === undefined ? { name } : { name, version }
  return servableTarget(TFSERVING.exec(url))
}

function servableTarget(match: RegExpExecArray | null): ModelSelector | undefined {
  const [, name, version, label] = match ?? []
  if (name === undefined) return undefined
  if (label !== undefined) return { name, label }
  if (version === undefined) return { name }
  try {
    return { name, ...versionFrom(version) }
  } catch {
    return undefined // no version can be called so: the primary says it
  }
}

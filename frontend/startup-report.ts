import type { VersionDescription } from './core/control-plane.ts'
import type { StartupNote } from './core/startup-notes.ts'
import type { ModelId } from '../worker/contract/model-id.ts'
import { isVariable, type TensorMetadata } from '../worker/contract/tensor.ts'

export type StartupFacts = {
  readonly addresses: {
    readonly inference: string
    readonly management: string
    /** Absent without a metrics listener. */
    readonly metrics?: string
    /** Absent without gRPC. */
    readonly grpcInference?: string
    readonly grpcManagement?: string
  }
  readonly versions: readonly VersionDescription[]
  /** The directory of archives. */
  readonly modelStore: string
  /** Archives of the store that are not registered. */
  readonly unregistered: readonly string[]
  readonly notes?: readonly StartupNote[]
}

/** What a person reads when the server has started: what is served, on what, how, why, and what to type next. */
export function startupReport(facts: StartupFacts): string[] {
  const { addresses, versions, unregistered, modelStore, notes = [] } = facts
  const whyNone = unregistered.length === 0 ? `; the model store ${modelStore} holds no archive` : ''
  return [
    `OnnxServe listens on ${listenersText(addresses)}`,
    ...notes.map((note) => noteLine(note, addresses.management)),
    ...versions.map(versionLine),
    ...(versions.length === 0 ? [`no model is registered${whyNone}`] : []),
    ...unregistered.map(
      (archive) =>
        `${archive} is in the model store, not registered: curl -X POST ${curlTarget(addresses.management, `/models?url=${archive}&initial_workers=1`, '"')}`,
    ),
  ]
}

const LISTENER_WORDS: Readonly<Record<string, string>> = {
  grpcInference: 'gRPC inference',
  grpcManagement: 'gRPC management',
  tritonHttp: "Triton's HTTP",
  tritonGrpc: "Triton's gRPC",
  tritonMetrics: "Triton's metrics",
  tfservingGrpc: "TensorFlow Serving's gRPC",
  tfservingRest: "TensorFlow Serving's REST",
}

function noteLine(note: StartupNote, managementAddress: string): string {
  switch (note.kind) {
    case 'restored':
      return `restored from the saved state: ${note.models.map(shown).join(', ')}`
    case 'both':
      return `${shown(note.model)} is declared and saved: ${WINNERS[note.wins]}`
    case 'ignored':
      return `${shown(note.model)} is declared and not served: the saved state alone counts with compatibility=torchserve`
    case 'changed': {
      const { model, archive } = note
      const target = (path: string) => curlTarget(managementAddress, `/models${path}`, '"')
      const [old, registration] = [`/${model.name}/${model.version}`, `?url=${archive}&initial_workers=1`]
      return `${shown(model)} is served as it was registered; ${archive} has changed since, and to serve that: curl -X DELETE ${target(old)} && curl -X POST ${target(registration)}`
    }
    default:
      return note satisfies never
  }
}

const WINNERS = {
  declared: 'its archive has changed and is served; how it was scaled stays',
  saved: 'what was saved is served',
  same: 'it is the same archive; how it was scaled stays',
} as const

function shown({ name, version }: ModelId): string {
  return `${name} ${version}`
}

/** Where curl finds a path of an address, which may be a socket's. */
export function curlTarget(address: string, path: string, quote = ''): string {
  const socket = /^unix:(.*)/.exec(address)?.[1]
  if (socket === undefined) return `${quote}${address}${path}${quote}`
  return `--unix-socket ${shellQuoted(socket)} ${quote}http://localhost${path}${quote}`
}

/** `http://127.0.0.1:8080 (inference), …`. */
export function listenersText(addresses: Readonly<Record<string, string>>): string {
  return Object.entries(addresses)
    .map(([listener, address]) => `${address} (${LISTENER_WORDS[listener] ?? listener})`)
    .join(', ')
}

function versionLine(version: VersionDescription): string {
  const { model, workers, workerProcesses, intraOpThreads, provider, state, reason } = version
  const name = `${model.name} ${model.version}`
  if (state !== 'ready') return `${name}: ${state}${reason === undefined ? '' : ` (${reason})`}`
  const layout = `${count(workers.length, 'worker')} in ${count(workerProcesses, 'process', 'processes')}, ${count(intraOpThreads, 'thread')} each (${version.layoutReason})${memoryPhrase(version)}`
  const weights = version.graph?.isPrepared === true ? `; ${version.graph.reason}` : ''
  return `${name}: ready on ${placeOf(version)} (${provider.reason}); ${layout}${weights}`
}

function memoryPhrase({ memory }: VersionDescription): string {
  return memory === undefined ? '' : `, about ${Math.ceil(memory.totalBytes / 2 ** 20)} MiB`
}

/** The provider and, of a GPU's, the devices. */
function placeOf({ provider, workers }: VersionDescription): string {
  const { device } = provider
  if (device.provider === 'cpu') return device.provider
  const ids = [...new Set(workers.map((worker) => worker.device.deviceId))].sort((a, b) => a - b)
  return `${device.provider} device${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

/** The path of a file that a model's handler accepts, if there is one. */
export type FindSample = (modelName: string) => string | undefined

/**
 * A request to a ready version that can be typed as it is, or with an image of one's own; undefined where a handler
 * of its own decides what it takes.
 */
export function exampleRequest(
  version: VersionDescription,
  inferenceAddress: string,
  findSample: FindSample = () => undefined,
): string | undefined {
  const { model, state, handler, inputs = [] } = version
  if (state !== 'ready') return undefined
  const url = curlTarget(inferenceAddress, `/predictions/${model.name}`)
  if (handler === 'image_classifier') return `curl -T ${findSample(model.name) ?? '<image file>'} ${url}`
  if (handler !== 'tensor' || inputs.length === 0 || !inputs.every(isSmall)) return undefined
  const text = JSON.stringify(Object.fromEntries(inputs.map((input) => [input.name, exampleRows(input)])))
  return text.length > MAX_EXAMPLE_CHARACTERS
    ? undefined
    : `curl -d ${shellQuoted(text)} -H 'Content-Type: application/json' ${url}`
}

/** Names of inputs come from archives: a quote in one must not end the argument. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

const MAX_EXAMPLE_CHARACTERS = 300

/** A graph may ask for any number of elements; they are counted before they are made. */
export function isSmall({ shape }: TensorMetadata): boolean {
  const elements = shape.map((dimension) => (isVariable(dimension) ? 1 : Number(dimension)))
  return elements.reduce((product, size) => product * size, 1) < MAX_EXAMPLE_CHARACTERS
}

export function exampleRows({ shape, dtype }: TensorMetadata): unknown {
  const value = dtype === 'BYTES' ? 'text' : dtype === 'BOOL' ? true : 0
  return shape.reduceRight<unknown>(
    (inner, dimension) => Array.from({ length: isVariable(dimension) ? 1 : Number(dimension) }, () => inner),
    value,
  )
}

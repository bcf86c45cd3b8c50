import { InferenceSession } from 'onnxruntime-node'
import { readScalarNames } from '../../archiver-cli/format/onnx-signature.ts'
import { messageOf, ServingError } from '../contract/errors.ts'
import type { Device, GraphOptimization } from '../contract/messages.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import { feedsFromTensors, metadataFromOrt, tensorsFromFetches } from './feeds.ts'

export type SessionOptions = {
  readonly device: Device
  readonly intraOpThreads: number
  /** Default `all`. */
  readonly graphOptimization?: GraphOptimization
  /** Whether runs use weights that are rearranged for the engine's kernels; default true. */
  readonly prepacks?: boolean
  /** Where to write the optimized graph, and the name of the file beside it for its weights. */
  readonly writeTo?: { readonly graph: string; readonly weights: string }
}

export type RunOptions = {
  /** The caller needs the memory of the feeds no more. */
  readonly mayTakeFeeds?: boolean
  /** Told how long the feeds waited until the engine began with them, and the outputs afterwards. */
  readonly onWait?: (waitMs: number) => void
}

/** Smaller ones stay in the graph: each that leaves it is mapped by pages. */
const MIN_EXTERNAL_BYTES = 4096

/** The engine behind a loaded graph, as the rest of a worker sees it. */
export interface Session {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]

  /**
   * Runs the graph once. The feeds are read in place; the outputs are new, in the order of `outputs`.
   *
   * @throws whatever the engine throws: the feeds' shapes or values do not suit the graph, or memory ran out.
   */
  run(feeds: readonly Tensor[], options?: RunOptions): Promise<readonly Tensor[]>

  /** How long it was busy with runs since this was last asked. */
  takeBusyMs?(): number

  /** Frees the native memory; garbage collection does not see it. */
  release(): Promise<void>
}

/**
 * An onnxruntime-node session.
 *
 * `create` and `run` are asynchronous in name only: 1.30.0 defers by one tick and then blocks its thread in native
 * code (github.com/microsoft/onnxruntime issues 19611 and 26968), which is why sessions live in worker threads.
 * For the same reason a thread must never be terminated meanwhile: that aborts the whole process.
 */
export class OrtSession implements Session {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  readonly #session: InferenceSession
  #busyMs = 0

  private constructor(session: InferenceSession, scalars: ReadonlySet<string>) {
    this.#session = session
    this.inputs = withScalars(metadataFromOrt('input', session.inputMetadata), scalars)
    this.outputs = withScalars(metadataFromOrt('output', session.outputMetadata), scalars)
  }

  /**
   * Opens a graph. Always by its path: from a buffer, external data would be looked for in the working directory.
   *
   * @throws ServingError `invalid_argument` when the file is no model, or one that cannot be served;
   * `failed_precondition` when the device's execution provider cannot run it.
   */
  static async open(path: string, options: SessionOptions): Promise<OrtSession> {
    const session = await createSession(path, options)
    try {
      return new OrtSession(session, await scalarNames(path, session))
    } catch (error) {
      await session.release()
      throw error
    }
  }

  async run(feeds: readonly Tensor[]): Promise<readonly Tensor[]> {
    const startedAtMs = performance.now()
    try {
      const fetches = await this.#session.run(feedsFromTensors(feeds))
      return tensorsFromFetches(fetches, this.#session.outputNames)
    } finally {
      this.#busyMs += performance.now() - startedAtMs
    }
  }

  takeBusyMs(): number {
    const busyMs = this.#busyMs
    this.#busyMs = 0
    return busyMs
  }

  async release(): Promise<void> {
    await this.#session.release()
  }
}

/** Read from the file, since the runtime gives `[]` both for a scalar and for a value without a declared shape. */
async function scalarNames(
  path: string,
  { inputMetadata, outputMetadata }: InferenceSession,
): Promise<ReadonlySet<string>> {
  const isDoubtful = [...inputMetadata, ...outputMetadata].some(
    (value) => value.isTensor && value.shape.length === 0,
  )
  if (!isDoubtful) return new Set()
  try {
    return await readScalarNames(path)
  } catch {
    return new Set() // a file in the runtime's own format: such values take any shape
  }
}

function withScalars(values: readonly TensorMetadata[], scalars: ReadonlySet<string>): TensorMetadata[] {
  return values.map((value) => (scalars.has(value.name) ? { ...value, isScalar: true } : value))
}

async function createSession(path: string, options: SessionOptions): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, nativeOptions(options))
  } catch (error) {
    const { provider } = options.device
    throw new ServingError(
      provider === 'cpu' ? 'invalid_argument' : 'failed_precondition',
      `the model could not be opened on ${provider}: ${engineMessage(error)}`,
      { cause: error, reason: 'model' },
    )
  }
}

/** The runtime puts the C++ source line and condition before some messages; operators need what follows. */
function engineMessage(error: unknown): string {
  return messageOf(error)
    .replace(/^\/\S+:\d+ .* was (?:true|false)\. /s, '')
    .trim()
}

function nativeOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { device, intraOpThreads, graphOptimization = 'all', writeTo } = options
  return {
    ...(writeTo === undefined ? {} : { optimizedModelFilePath: writeTo.graph }),
    executionProviders: executionProviders(device),
    graphOptimizationLevel: graphOptimization,
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    extra: configEntries(options),
  }
}

function configEntries({ intraOpThreads, prepacks = true, writeTo }: SessionOptions): Record<string, string> {
  return {
    // Idle intra-op threads would otherwise spin after every run and take the cores of other sessions.
    ...(intraOpThreads > 1 ? { 'session.intra_op.allow_spinning': '0' } : {}),
    ...(prepacks ? {} : { 'session.disable_prepacking': '1' }),
    ...(writeTo === undefined
      ? {}
      : {
          'session.optimized_model_external_initializers_file_name': writeTo.weights,
          'session.optimized_model_external_initializers_min_size_in_bytes': String(MIN_EXTERNAL_BYTES),
          // Beside the weights as they came: whoever opens the graph then maps what it would have to rearrange.
          'session.save_external_prepacked_constant_initializers': '1',
        }),
  }
}

/**
 * Never one to fall back to: naming a second does not make the runtime fall back, and we would not want it to in
 * silence. TensorRT is named with CUDA, which runs the nodes of a graph that TensorRT does not know.
 */
export function executionProviders({
  provider,
  deviceId,
}: Device): readonly InferenceSession.ExecutionProviderConfig[] {
  switch (provider) {
    case 'tensorrt':
      return [
        { name: 'tensorrt', deviceId },
        { name: 'cuda', deviceId },
      ]
    case 'cuda':
      return [{ name: 'cuda', deviceId }]
    // These know no device: 1.30.0 refuses the option for WebGPU, which takes the system's default adapter.
    case 'webgpu':
    case 'cpu':
      return [provider]
  }
}

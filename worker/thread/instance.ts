import { join } from 'node:path'
import { checkFeeds } from '../contract/check-feeds.ts'
import { messageOf, ServingError } from '../contract/errors.ts'
import { keepsRows } from '../contract/keeps-rows.ts'
import type {
  BatchRequest,
  BatchResult,
  BatchTiming,
  Device,
  InstanceReport,
  LoadSpec,
  TimedRun,
} from '../contract/messages.ts'
import type { Feeds, Handler, HandlerContext, HandlerLogger, Outputs } from '../handler.ts'
import { tensorHandler } from '../handlers/tensor.ts'
import { NO_LINK, type BatchLink } from './batch-link.ts'
import { BatchMember } from './batch-member.ts'
import { ContinuousBatch } from './continuous-batch.ts'
import type { BatchEngine } from './engine.ts'
import { engineOf } from './engine-of.ts'
import { envelopeOf } from './envelope/choose-envelope.ts'
import { enveloped } from './envelope/enveloped-way.ts'
import { GuardedSession, type OnDeviceLost } from './guarded-session.ts'
import { loadHandler } from './load-handler.ts'
import type { MetricBuffer } from './metric-buffer.ts'
import { MicroBatches } from './micro-batches.ts'
import { outputsFromTensors, Pipeline, tensorsFromFeeds, type Steps } from './pipeline.ts'
import { OrtSession, type Session } from './session.ts'
import { tensorSupportOf } from './tensor-support.ts'
import { ThreadMetrics } from './thread-metrics.ts'
import { warmUp } from './warmup.ts'
import { waysOf, type Ways } from './operations.ts'
import type { Way } from './way.ts'
import { WholeBatch } from './whole-batch.ts'

type Parts = {
  readonly spec: LoadSpec
  readonly log: HandlerLogger
  readonly handler: Handler
  readonly session: Session | undefined
  /** Of the session, if there is one. */
  readonly engine: BatchEngine | undefined
  readonly context: HandlerContext
}

/** What a thread gives its instance; without `metrics`, nobody sees them. */
export type Surroundings = {
  readonly log: HandlerLogger
  readonly metrics?: Pick<MetricBuffer, 'add'>
  /** Opens the session in a thread of its own; absent: it is opened in the instance's. */
  readonly openHosted?: () => Promise<Session>
  /** Absent: a lost GPU fails each request as any error does. */
  readonly onDeviceLost?: OnDeviceLost
}

export type LoadedInstance = {
  readonly instance: Instance
  readonly report: Omit<InstanceReport, 'threadId'>
}

/**
 * One loaded copy of a version: its handler and, if the archive has a graph, a session. Runs one batch at a time,
 * unless `maxBatchesInFlight` lets batches overlap where the handler waits.
 */
export class Instance {
  readonly #parts: Parts
  readonly #ways: Ways

  private constructor(parts: Parts) {
    this.#parts = parts
    const { serviceEnvelope, model } = parts.spec
    const ways = enveloped(waysOf(predictWay(parts), parts), envelopeOf(serviceEnvelope, model))
    this.#ways = { ...ways, predict: withGraphForTensors(ways.predict, parts) }
  }

  /**
   * Loads the handler and the graph, warms the graph up, and lets the handler initialize.
   *
   * @throws ServingError `invalid_argument` | `failed_precondition`, or what the handler's `initialize` throws.
   */
  static async load(spec: LoadSpec, surroundings: Surroundings): Promise<LoadedInstance> {
    const { log, metrics = NO_METRICS, openHosted, onDeviceLost } = surroundings
    const startedAtMs = performance.now()
    const { handler, usesHeaders } = await loadHandler(spec)
    const overlapsRuns = openHosted !== undefined && overlapsRunsOf(spec, handler)
    const opened = overlapsRuns ? await openHosted() : await openSession(spec, log)
    const session = guarded(opened, spec.device, onDeviceLost)
    try {
      const context = contextOf(spec, session, { log, metrics })
      await handler.initialize?.(context)
      const engine = session === undefined ? undefined : engineOf(session, { spec, handler, log })
      const parts = { spec, log, handler, session, engine, context }
      const instance = new Instance(parts)
      const loadedAtMs = performance.now()
      const warmUps = await instance.#warmUp()
      const report = {
        device: spec.device,
        inputs: handler.signature?.inputs ?? context.inputs,
        outputs: handler.signature?.outputs ?? context.outputs,
        tensorSupport: tensorSupportOf(parts),
        usesHeaders,
        ...(handler.schemas === undefined ? {} : { schemas: handler.schemas }),
        ...(overlapsRuns ? { overlapsRuns } : {}),
        ...(spec.mayTakeNext === true && areLong(warmUps) ? { takesNext: true as const } : {}),
        loadMs: loadedAtMs - startedAtMs,
        warmUpMs: performance.now() - loadedAtMs,
        ...(warmUps.length === 0 ? {} : { warmUps }),
      }
      return { instance, report }
    } catch (error) {
      await session?.release()
      throw error
    }
  }

  /**
   * Answers every request of a batch; never throws for a request's or the handler's fault.
   *
   * @param linkOf the way of pieces and cancellations; without it, pieces go nowhere
   */
  async run(requests: readonly BatchRequest[], linkOf: BatchLink = unlinked): Promise<BatchResult> {
    const receivedAtMs = performance.now()
    const { model } = this.#parts.spec
    const { log } = this.#parts
    const members = requests.map(
      (request, index) => new BatchMember({ request, receivedAtMs, model, log, link: linkOf(index) }),
    )
    const way = this.#ways[requests[0]?.operation ?? 'predict']
    const { members: replied, timing } = await way.run(members)
    return { replies: replied.map(({ reply }) => reply), timing: this.#withBusyTime(timing) }
  }

  async release(): Promise<void> {
    await this.#parts.session?.release()
  }

  /** Also of runs that a handler asked for itself. */
  #withBusyTime(timing: BatchTiming): BatchTiming {
    const { spec, session } = this.#parts
    if (spec.device.provider === 'cpu' || session?.takeBusyMs === undefined) return timing
    return { ...timing, deviceBusyMs: session.takeBusyMs() }
  }

  async #warmUp(): Promise<readonly TimedRun[]> {
    const { session, engine, spec, log } = this.#parts
    if (session === undefined) return []
    const timed = await warmUp(session, { maxRows: engine?.batches === true ? spec.maxBatchRows : 1, log })
    session.takeBusyMs?.() // the first batch has no part in it
    return timed
  }
}

/**
 * A handler of whole batches expects them one after the other: it may keep something from one step of a batch to the
 * next. Unless its model allows several in flight, it has the session in its own thread.
 */
function overlapsRunsOf(spec: LoadSpec, handler: Handler): boolean {
  if (spec.overlapsRuns !== true || spec.modelFile === undefined) return false
  return handler.handle === undefined || (spec.maxBatchesInFlight ?? 1) > 1
}

/** The next batch takes some milliseconds from the end of a run to its start (measured: 10 for 1.2 MB). */
const LONG_RUN_MS = 10

/** Whether the next batch can be sent in time while one runs. Between shorter runs, more requests had better come together. */
function areLong(runs: readonly TimedRun[]): boolean {
  return runs.some(({ ms }) => ms >= LONG_RUN_MS)
}

const NO_METRICS = { add: () => undefined }
const unlinked = () => NO_LINK

function predictWay({ spec, log, handler, engine, context }: Parts): Way {
  if (spec.continuousBatching === true) return continuousWay(handler, spec, context)
  const { microBatching, failsWholeBatch: failsTogether } = spec
  if (handler.handle !== undefined) {
    if (microBatching !== undefined) {
      log.warn("microBatching has no effect: the handler answers whole batches by its 'handle'")
    }
    return new WholeBatch(handler.handle.bind(handler), {
      context,
      stage: 'handle',
      counts: declaresRows(handler) ? 'rows' : 'requests',
      failsTogether,
    })
  }
  if (engine === undefined) {
    throw new ServingError(
      'invalid_argument',
      `the archive has no graph, so its handler '${spec.handler}' must answer by itself: it has no 'handle'`,
      { reason: 'handler' },
    )
  }
  const { maxRequestRows } = spec
  const pipeline = new Pipeline({ steps: stepsOf(handler), context, engine, maxRequestRows })
  return microBatching === undefined ? pipeline : new MicroBatches(pipeline, microBatching)
}

/** Tensors that a dialect has decoded are no business of a handler that decodes requests in a form of its own. */
function withGraphForTensors(handlerWay: Way, parts: Parts): Way {
  const { engine, context, spec } = parts
  if (engine === undefined || tensorSupportOf(parts) !== 'graph') return handlerWay
  const graphWay = new Pipeline({
    steps: tensorHandler(),
    context,
    engine,
    maxRequestRows: spec.maxRequestRows,
  })
  // The members of a batch are of one kind: requests of tensors have buckets of their own.
  return {
    run: (members) => (members[0]?.request.tensors === undefined ? handlerWay : graphWay).run(members),
  }
}

function declaresRows({ signature }: Handler): boolean {
  return signature !== undefined && keepsRows(signature.inputs, signature.outputs)
}

function continuousWay(handler: Handler, spec: LoadSpec, context: HandlerContext): Way {
  const { serviceEnvelope = 'none' } = spec
  if (serviceEnvelope !== 'none') {
    throw new ServingError(
      'invalid_argument',
      `continuousBatching answers in pieces, which serviceEnvelope '${serviceEnvelope}' cannot carry; set it to none`,
      { reason: 'model_config' },
    )
  }
  if (handler.handle !== undefined) return new ContinuousBatch(handler.handle.bind(handler), context)
  throw new ServingError(
    'invalid_argument',
    `continuousBatching needs a handler that answers whole batches, and '${spec.handler}' has no 'handle'`,
    { reason: 'handler' },
  )
}

/** What a handler leaves out is done as the built-in tensor handler does it. */
function stepsOf(handler: Handler): Steps {
  const tensor = tensorHandler()
  return {
    preprocess: handler.preprocess?.bind(handler) ?? tensor.preprocess,
    postprocess: handler.postprocess?.bind(handler) ?? tensor.postprocess,
  }
}

async function openSession(spec: LoadSpec, log: HandlerLogger): Promise<Session | undefined> {
  const { modelDir, modelFile, prepared } = spec
  if (modelFile === undefined) return undefined
  if (prepared !== undefined) {
    try {
      return await OrtSession.open(prepared.path, { ...spec, graphOptimization: 'disabled' })
    } catch (error) {
      log.warn('the prepared graph could not be opened, the original one is', { error: messageOf(error) })
    }
  }
  return OrtSession.open(join(modelDir, modelFile), spec)
}

function guarded(
  session: Session | undefined,
  device: Device,
  onLost: OnDeviceLost | undefined,
): Session | undefined {
  if (session === undefined || onLost === undefined || device.provider === 'cpu') return session
  return new GuardedSession(session, device, onLost)
}

function contextOf(
  spec: LoadSpec,
  session: Session | undefined,
  { log, metrics }: Required<Pick<Surroundings, 'log' | 'metrics'>>,
): HandlerContext {
  return Object.freeze({
    modelName: spec.model.name,
    modelVersion: spec.model.version,
    modelDir: spec.modelDir,
    config: spec.handlerConfig,
    device: spec.device,
    inputs: session?.inputs ?? [],
    outputs: session?.outputs ?? [],
    maxBatchRows: spec.maxBatchRows,
    logger: log,
    metrics: new ThreadMetrics(metrics, spec.model.name),
    run: (feeds: Feeds) => runGraph(session, feeds),
  })
}

async function runGraph(session: Session | undefined, feeds: Feeds): Promise<Outputs> {
  if (session === undefined) {
    throw new ServingError('failed_precondition', 'this archive has no graph to run', { reason: 'handler' })
  }
  return outputsFromTensors(await session.run(checkFeeds(session.inputs, tensorsFromFeeds(feeds))))
}

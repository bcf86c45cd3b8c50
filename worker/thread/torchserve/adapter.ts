import { readFileSync } from 'node:fs'
import type { LoadSpec } from '../../contract/messages.ts'
import { isSource } from '../../contract/module-file.ts'
import type {
  BatchAnswers,
  Handler,
  HandlerContext,
  HandlerRequest,
  TorchServeFunction,
  TorchServeHandler,
  TorchServeRecord,
} from '../../handler.ts'
import { BatchContext, type TorchServeSurroundings } from './context.ts'
import { recordFromRequest } from './records.ts'

type BatchHook = TorchServeHandler['handle']

/** A handler of TorchServe's class style as one of ours. */
export function handlerFromClass(given: TorchServeHandler, spec: LoadSpec): Handler {
  const options = { decodes: spec.decodeInputRequest ?? true, unwrapsBody: spec.serviceEnvelope === 'body' }
  const hook =
    (answer: BatchHook) =>
    async (requests: readonly HandlerRequest[], context: HandlerContext): Promise<BatchAnswers> => {
      const records = requests.map((request) => recordFromRequest(request, options) as TorchServeRecord) // what it is, its model's envelope says
      return answer(records, contextOf(spec, context, requests))
    }
  return {
    ...(given.schemas === undefined ? {} : { schemas: given.schemas }),
    ...(given.signature === undefined ? {} : { signature: given.signature }),
    initialize: (context) => given.initialize?.(contextOf(spec, context, [])),
    handle: hook((data, context) => given.handle(data, context)),
    explain: hook((data, context) =>
      given.explain === undefined ? given.handle(data, context) : given.explain(data, context),
    ),
    describe: async (context) => (await given.describe?.(contextOf(spec, context, []))) ?? {},
  }
}

/** A handler of TorchServe's function style as one of ours. */
export function handlerFromFunction(answer: TorchServeFunction, spec: LoadSpec): Handler {
  return handlerFromClass(
    {
      initialize: async (context) => {
        await answer(undefined, context)
      },
      // What is not a list is found, and named, by the caller.
      handle: async (data, context) => (await answer(data, context)) as BatchAnswers,
    },
    spec,
  )
}

const SERVER_NAME = 'OnnxServe'
let serverVersion: string | undefined

function contextOf(
  spec: LoadSpec,
  context: HandlerContext,
  requests: readonly HandlerRequest[],
): BatchContext {
  const { provider, deviceId } = spec.device
  const surroundings: TorchServeSurroundings = {
    context,
    manifest: spec.manifest ?? {},
    modelYamlConfig: { ...spec.modelConfig, handler: spec.handlerConfig },
    systemProperties: {
      modelDir: spec.modelDir,
      gpuId: provider === 'cpu' ? null : deviceId,
      batchSize: spec.maxBatchRows,
      serverName: SERVER_NAME,
      serverVersion: (serverVersion ??= packageVersion()),
    },
  }
  return new BatchContext(surroundings, requests)
}

/** Compiled files lie one directory deeper than their sources. */
function packageVersion(): string {
  const path = isSource(import.meta.url) ? '../../../package.json' : '../../../../package.json'
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version // our own
}

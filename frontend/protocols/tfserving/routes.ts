import type { ModelSelector } from '../../core/data-plane.ts'
import type { Dialect } from '../kernel/dialect.ts'
import { mayUse } from '../kernel/may-use.ts'
import { scoped, type Call, type Route } from '../kernel/route-table.ts'
import type { Answer } from '../kernel/transport.ts'
import { DOCS, SCHEMAS } from './docs.ts'
import { inServableWords } from './errors.ts'
import { metadataToJson } from './metadata.ts'
import type { PredictionOptions, Verb } from './options.ts'
import { predict, hotPredictions } from './predictions.ts'
import { statusesOf, statusToJson } from './status.ts'
import { targetOf } from './targets.ts'

const NOT_READY_STATUS = 503

/**
 * The REST API of TensorFlow Serving, which is that of KServe's protocol V1 as well: where the two ask for different
 * things of one path, the answer has what each of them reads.
 */
export function tfServingDialect(options: PredictionOptions): Dialect {
  return {
    routes: [...scoped('inference', predictionRoutes(options)), ...scoped('inference', modelRoutes(options))],
    hot: hotPredictions(options),
    schemas: SCHEMAS,
  }
}

const VERBS: readonly Verb[] = ['predict', 'explain', 'classify', 'regress']
/** The model, one of its versions, or what a label points to. */
const TARGETS = ['/v1/models/:model{/versions/:version}', '/v1/models/:model/labels/:label']

function predictionRoutes(options: PredictionOptions): Route[] {
  return VERBS.flatMap((verb) =>
    TARGETS.map((target, index): Route => {
      const doc = DOCS[verb]
      return {
        method: 'POST',
        path: `${target}\\:${verb}`,
        doc: index === 0 ? doc : { ...doc, operationId: `label_${doc.operationId}` },
        answer: async ({ ctx, params }) => {
          await predict(options, ctx, { model: targetOf(params), verb })
          return undefined
        },
      }
    }),
  )
}

function modelRoutes({ dataPlane }: PredictionOptions): Route[] {
  const status = ({ params }: Call): Answer => {
    const model = targetOf(params)
    const statuses = statusesOf(dataPlane, model)
    const { ready } = dataPlane.modelHealth(model)
    return json(ready ? 200 : NOT_READY_STATUS, {
      name: model.name,
      ready,
      model_version_status: statuses.map(statusToJson),
    })
  }
  const metadata = ({ params }: Call): Answer => {
    const found = inTheirWords(targetOf(params), (model) => dataPlane.metadata(model))
    return json(200, metadataToJson(found, dataPlane.integerVersionOf(found.model)))
  }
  return [
    {
      method: 'GET',
      path: '/v1/models',
      doc: DOCS.list,
      answer: ({ ctx }) => {
        const names = dataPlane.models().map(({ name }) => name)
        return json(200, { models: names.filter((name) => mayUse(ctx, name)) })
      },
    },
    ...TARGETS.flatMap((path, index): Route[] => {
      const docOf = <K extends keyof typeof DOCS>(name: K) =>
        index === 0 ? DOCS[name] : { ...DOCS[name], operationId: `label_${DOCS[name].operationId}` }
      return [
        { method: 'GET', path, doc: docOf('status'), answer: status },
        { method: 'GET', path: `${path}/metadata`, doc: docOf('metadata'), answer: metadata },
      ]
    }),
  ]
}

function inTheirWords<T>(model: ModelSelector, find: (model: ModelSelector) => T): T {
  try {
    return find(model)
  } catch (error) {
    throw inServableWords(error, model)
  }
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

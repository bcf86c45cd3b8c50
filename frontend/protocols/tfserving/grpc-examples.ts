import type { DataPlane, ModelSelector, VersionMetadata } from '../../core/data-plane.ts'
import type { GrpcCall, GrpcMethod } from '../kernel/grpc-transport.ts'
import { classesOf, regressionsOf, requireMethod } from './classification.ts'
import { badRequest } from './errors.ts'
import { examplesFromProto } from './example-proto.ts'
import { tensorsFromExamples } from './features.ts'
import { runCall, type Answered } from './grpc-call.ts'
import { selectorFromGrpc, signatureFromGrpc, type ModelSpec } from './grpc-codec.ts'
import { wantedOutputs, type Signature } from './signatures.ts'

/* Classify, Regress, and both at once over the same examples. */

type ExamplesRequest = { readonly model_spec: ModelSpec | null; readonly input: Uint8Array }
type MultiRequest = {
  readonly tasks: readonly { readonly model_spec: ModelSpec | null; readonly method_name: string }[]
  readonly input: Uint8Array
}
type Task = {
  readonly spec: ModelSpec | null
  readonly method: 'classify' | 'regress'
  readonly input: Uint8Array
}

export function exampleMethods(dataPlane: DataPlane): Readonly<Record<string, GrpcMethod>> {
  const oneTask = (method: Task['method']): GrpcMethod => ({
    kind: 'unary',
    answer: async (call, message) => {
      const { model_spec: spec, input } = message as ExamplesRequest // the transport has decoded it
      const { result, modelSpec } = await answerTask(dataPlane, call, { spec, method, input })
      return { result, model_spec: modelSpec }
    },
  })
  return {
    Classify: oneTask('classify'),
    Regress: oneTask('regress'),
    MultiInference: {
      kind: 'unary',
      answer: async (call, message) => {
        const request = message as MultiRequest // the transport has decoded it
        return { results: await Promise.all(tasksOf(request).map((task) => resultOf(dataPlane, call, task))) }
      },
    },
  }
}

const METHODS = new Map<string, Task['method']>([
  ['tensorflow/serving/classify', 'classify'],
  ['tensorflow/serving/regress', 'regress'],
])
/** Each is a request of its own. */
const MAX_TASKS = 64

/** @throws ServingError `invalid_argument` for tasks that are not of one model, or the same twice */
function tasksOf({ tasks, input }: MultiRequest): readonly Task[] {
  if (tasks.length === 0 || tasks.length > MAX_TASKS) {
    throw badRequest(`the field tasks has ${tasks.length} tasks; expected 1 to ${MAX_TASKS}`)
  }
  const names = new Set(tasks.map(({ model_spec: spec }) => selectorFromGrpc(spec).name))
  if (names.size > 1)
    throw badRequest(`all tasks must be of the same model; there are: ${[...names].join(', ')}`)
  const signatures = tasks.map(({ model_spec: spec }) => spec?.signature_name ?? '')
  const repeated = signatures.find((name, index) => signatures.indexOf(name) !== index)
  if (repeated !== undefined) throw badRequest(`Duplicate evaluation of signature: ${repeated}`)
  return tasks.map(({ model_spec: spec, method_name: name }, index) => {
    const method = METHODS.get(name)
    if (method !== undefined) return { spec, method, input }
    throw badRequest(`tasks/${index}/method_name is '${name}'; expected ${[...METHODS.keys()].join(' or ')}`)
  })
}

async function resultOf(dataPlane: DataPlane, call: GrpcCall, task: Task): Promise<object> {
  const { result, modelSpec } = await answerTask(dataPlane, call, task)
  const field = task.method === 'classify' ? 'classification_result' : 'regression_result'
  return { model_spec: modelSpec, [field]: result }
}

async function answerTask(dataPlane: DataPlane, call: GrpcCall, { spec, method, input }: Task) {
  const model = selectorFromGrpc(spec)
  const announcedBytes = input.byteLength
  const answered = await runCall(
    { dataPlane, call, model, announcedBytes },
    (metadata, { maxRequestBytes }) => {
      const signature = signatureFromGrpc(spec, metadata)
      requireMethod(signature, method)
      const tensors = tensorsFromExamples(signature, examplesFromProto(input), maxRequestBytes)
      const outputs = wantedOutputs(signature.outputs, metadata)
      return {
        signature,
        payload: { kind: 'tensors' as const, tensors, ...(outputs === undefined ? {} : { outputs }) },
      }
    },
  )
  return { result: resultMessage(method, answered), modelSpec: modelSpecOf(model, answered) }
}

type Asked = Answered<{ readonly signature: Signature }>

function resultMessage(method: Task['method'], { decoded: { signature }, tensors, metadata }: Asked): object {
  if (method === 'regress') {
    return { regressions: regressionsOf(signature, tensors).map((value) => ({ value })) }
  }
  return { classifications: classificationsOf(signature, tensors, metadata) }
}

function classificationsOf(signature: Signature, tensors: Asked['tensors'], metadata: VersionMetadata) {
  return classesOf(signature, tensors, metadata).map((classes) => ({ classes }))
}

/** Who has answered: the effective signature and the actual version. */
export function modelSpecOf({ name }: ModelSelector, { decoded: { signature }, version }: Asked): object {
  return { name, signature_name: signature.name, version: { value: version } }
}

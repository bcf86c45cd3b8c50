import type { ModelSelector } from '../../core/data-plane.ts'
import { badRequest } from './errors.ts'
import type { GrpcCall, GrpcMethod } from '../kernel/grpc-transport.ts'
import {
  describe,
  list,
  register,
  scale,
  setDefault,
  unregister,
  type ManagementPlanes,
  type StatusAnswer,
} from './management.ts'
import { selectorFromGrpc } from './proto-codec.ts'
import type { Answer } from '../kernel/transport.ts'

/** A decoded message that names a version; what else it has are parameters by their REST names. */
type Request = {
  readonly model_name?: string
  readonly model_version?: string
  readonly [parameter: string]: unknown
}

/** The methods of the management service: each answers what its REST route answers, through the same function. */
export function managementMethods(planes: ManagementPlanes): Readonly<Record<string, GrpcMethod>> {
  return {
    RegisterModel: unary(async (request) => {
      // TorchServe waits by default over REST, and does not over gRPC.
      const json = jsonParameters({ synchronous: false, ...request })
      return textOf(await register(planes, { query: '', json }))
    }),
    ScaleWorker: unary(async (request) => textOf(await scale(planes, ...versionAndQuery(request)))),
    UnregisterModel: unary(async (request) =>
      textOf(await unregister(planes, selectorFromGrpc(request), '')),
    ),
    SetDefault: unary(async (request) => textOf(await setDefault(planes, versionOf(request), ''))),
    ListModels: unary((request) => bodyOf(list(planes, queryParameters(request)))),
    DescribeModel: unary(async (request, { requestId, signal }) => {
      const [model, query] = versionAndQuery(request)
      return bodyOf(await describe(planes, model, { query, requestId, signal }))
    }),
  }
}

function unary(answer: (request: Request, call: GrpcCall) => Promise<string> | string): GrpcMethod {
  return {
    kind: 'unary',
    answer: async (call, message) => {
      const request = message as Request // the transport has decoded it
      if (request.model_name !== undefined && request.model_name !== '') call.model = request.model_name
      return { msg: await answer(request, call) }
    },
  }
}

function textOf({ text }: StatusAnswer): string {
  return text
}

function bodyOf({ body }: Answer): string {
  if (typeof body === 'string') return body
  return Buffer.concat(body instanceof Uint8Array ? [body] : body).toString()
}

function versionOf(request: Request): { readonly name: string; readonly version: string } {
  const { name, version } = selectorFromGrpc(request)
  if (version === undefined)
    throw badRequest("the field 'model_version' is required: which one to make the default")
  return { name, version }
}

/** The version that a message names, and its other fields as the query of the REST route. */
function versionAndQuery({
  model_name: name,
  model_version: version,
  ...parameters
}: Request): [ModelSelector, string] {
  return [selectorFromGrpc({ model_name: name, model_version: version }), queryParameters(parameters)]
}

/** Only what the client set: a text that is empty is one that it did not set. */
function given(parameters: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
}

function jsonParameters(parameters: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(given(parameters)))
}

function queryParameters(parameters: Readonly<Record<string, unknown>>): string {
  return new URLSearchParams(
    given(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
}

import { ServingError } from '../../../worker/contract/errors.ts'
import type { ControlPlane } from '../../core/control-plane.ts'
import type { GrpcMethod } from '../kernel/grpc-transport.ts'
import {
  checkUnloadParameters,
  loadRequestFrom,
  refuseRepositoryName,
  repositoryIndex,
} from './repository.ts'

type IndexRequest = { readonly repository_name: string; readonly ready: boolean }

/** A decoded `ModelRepositoryParameter`: one of its fields. */
type RepositoryParameter = {
  readonly bool_param?: boolean
  readonly int64_param?: string
  readonly string_param?: string
  readonly bytes_param?: Uint8Array
}

/** To load or to unload. */
type ChangeRequest = {
  readonly repository_name: string
  readonly model_name: string
  readonly parameters: readonly { readonly key: string; readonly value: RepositoryParameter | null }[]
}

/** The model repository extension. Its answers of changes have what KServe's clients read; Triton's read nothing. */
export function repositoryMethods(
  controlPlane: Pick<ControlPlane, 'index' | 'load' | 'unload'>,
): Readonly<Record<string, GrpcMethod>> {
  return {
    RepositoryIndex: {
      kind: 'unary',
      answer: async (_call, message) => {
        const { repository_name: repository, ready } = message as IndexRequest // the transport has decoded it
        refuseRepositoryName(repository)
        return { models: await repositoryIndex({ controlPlane }, ready) }
      },
    },
    RepositoryModelLoad: change(async (name, parameters) => {
      await controlPlane.load(loadRequestFrom(name, parameters))
      return { model_name: name, isLoaded: true }
    }),
    RepositoryModelUnload: change(async (name, parameters) => {
      checkUnloadParameters(parameters)
      await controlPlane.unload({ name })
      return { model_name: name, isUnloaded: true }
    }),
  }
}

function change(
  answer: (name: string, parameters: Readonly<Record<string, unknown>>) => Promise<object>,
): GrpcMethod {
  return {
    kind: 'unary',
    answer: (call, message) => {
      const { repository_name: repository, model_name: name, parameters } = message as ChangeRequest // decoded
      refuseRepositoryName(repository)
      if (name === '') throw nameMissing()
      call.model = name
      return answer(name, Object.fromEntries(parameters.map(({ key, value }) => [key, valueOf(value ?? {})])))
    },
  }
}

function valueOf({ bool_param, int64_param, string_param, bytes_param }: RepositoryParameter): unknown {
  return bool_param ?? int64_param ?? string_param ?? bytes_param
}

function nameMissing(): ServingError {
  return new ServingError('invalid_argument', "the field 'model_name' is required: the name of a model", {
    reason: 'model',
  })
}

import type { TritonConfig } from './model-config-schema.ts'
import { refused, type Note } from './refusals.ts'

/** Refuses what would make a model answer otherwise than it says. @throws ServingError `invalid_argument` */
export function refuseInapplicable(config: TritonConfig, hasOwnHandler: boolean): void {
  const { platform = '', backend = '' } = config
  if (!['', 'onnxruntime_onnx'].includes(platform)) {
    throw refused(`the platform is '${platform}'; expected onnxruntime_onnx: only ONNX graphs are served`)
  }
  if (!['', 'onnxruntime'].includes(backend)) {
    throw refused(`the backend is '${backend}'; expected onnxruntime: only ONNX graphs are served`)
  }
  const reason = REFUSED.find(({ applies }) => applies(config))?.reason
  if (reason !== undefined) throw refused(reason)
  if (config.sequence_batching !== undefined && !hasOwnHandler) {
    throw refused(
      'sequence_batching feeds control tensors, which the built-in handlers do not; pack the model with a handler.ts that keeps the state',
    )
  }
}

type Rule = { readonly applies: (config: TritonConfig) => boolean; readonly reason: string }

const REFUSED: readonly Rule[] = [
  {
    applies: ({ ensemble_scheduling: ensemble }) => ensemble !== undefined,
    reason: 'ensemble_scheduling has no counterpart here; call the models from a handler, or from the client',
  },
  {
    applies: ({ model_transaction_policy: policy }) => policy?.decoupled === true,
    reason:
      'model_transaction_policy is decoupled, which a graph alone cannot be; write a handler that streams',
  },
  {
    applies: ({ model_operations: operations }) => (operations?.op_library_filename ?? []).length > 0,
    reason: 'model_operations names libraries of custom operators, which are not loaded here',
  },
  {
    applies: ({ model_repository_agents: agents }) => (agents?.agents ?? []).length > 0,
    reason: 'model_repository_agents are not run here, so what they check would go unchecked',
  },
  {
    applies: ({ batch_input: inputs = [], batch_output: outputs = [] }) => inputs.length + outputs.length > 0,
    reason: 'batch_input and batch_output make tensors of ragged batches, which are not formed here',
  },
]

/** Notes what has no effect here, and is not told elsewhere. */
export function notApplied(config: TritonConfig, note: Note): void {
  for (const { applies, reason } of NOTED) if (applies(config)) note(reason)
}

const isSome = (list: readonly unknown[] | undefined) => list !== undefined && list.length > 0

const NOTED: readonly Rule[] = [
  {
    applies: ({ optimization: { execution_accelerators: each } = {} }) =>
      isSome(each?.gpu_execution_accelerator) || isSome(each?.cpu_execution_accelerator),
    reason:
      "'optimization.execution_accelerators' has no effect; see executionProviders of model-config.yaml",
  },
  {
    applies: ({ optimization }) =>
      [
        'cuda',
        'priority',
        'input_pinned_memory',
        'output_pinned_memory',
        'gather_kernel_buffer_threshold',
      ].some((field) => Object.hasOwn(optimization ?? {}, field)),
    reason: "'optimization' of CUDA, priority and pinned memory has no effect",
  },
  {
    applies: ({ optimization }) => optimization?.eager_batching === true,
    reason: "'optimization.eager_batching' has no effect: batches form while workers are busy anyway",
  },
  {
    applies: ({ model_warmup: warmup }) => isSome(warmup),
    reason: "'model_warmup' has no effect: every worker is warmed up with zeros before it serves",
  },
  {
    applies: ({ response_cache: cache }) => cache?.enable === true,
    reason: "'response_cache' has no effect: every request runs the model",
  },
  {
    applies: ({ input }) => input?.some((each) => each.allow_ragged_batch === true) === true,
    reason: "'allow_ragged_batch' has no effect: requests of different shapes run in different batches",
  },
  {
    applies: ({ input }) => input?.some((each) => each.optional === true) === true,
    reason: "'optional' has no effect: every request gives every input of the graph",
  },
  {
    applies: ({ input }) => input?.some((each) => (each.format ?? 'FORMAT_NONE') !== 'FORMAT_NONE') === true,
    reason: "'format' of inputs has no effect: the graph decides on the layout",
  },
  {
    applies: ({ input = [], output = [] }) =>
      [...input, ...output].some(
        (each) => each.is_shape_tensor === true || each.is_non_linear_format_io === true,
      ),
    reason: "'is_shape_tensor' and 'is_non_linear_format_io' concern TensorRT and have no effect",
  },
  {
    applies: ({ metric_tags: tags = {}, model_metrics: metrics }) =>
      Object.keys(tags).length > 0 || metrics !== undefined,
    reason: "'metric_tags' and 'model_metrics' have no effect on the metrics here",
  },
  {
    applies: ({ cc_model_filenames: names = {}, runtime = '' }) =>
      Object.keys(names).length > 0 || runtime !== '',
    reason: "'cc_model_filenames' and 'runtime' have no effect",
  },
]

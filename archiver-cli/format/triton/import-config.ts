import { checkModelConfig, type ModelConfig, type ReadConfig } from '../model-config.ts'
import type { OnnxSignature } from '../onnx-signature.ts'
import { instancesFrom } from './import-instances.ts'
import { batchingFrom } from './import-scheduling.ts'
import { checkTensors } from './import-tensors.ts'
import { notApplied, refuseInapplicable } from './inapplicable.ts'
import type { TritonConfig } from './model-config-schema.ts'
import { refused, type Note } from './refusals.ts'

export type ImportOptions = {
  /** What the graph takes and answers; undefined: unknown, and nothing is compared with it. */
  readonly signature: OnnxSignature | undefined
  /** The text of a file beside the configuration. */
  readonly readLabels: (fileName: string) => Promise<string>
  /** Whether a handler of one's own runs the model; it may keep state between the requests of a sequence. */
  readonly hasOwnHandler?: boolean
}

/**
 * Turns Triton's configuration of a model into ours. Every field is mapped, compared with the graph, noted as without
 * effect, or refused; none is passed over in silence.
 *
 * @returns the settings, the configuration itself among them, and a sentence for each thing that has no effect here
 * @throws ServingError `invalid_argument` (reason `model_config`) for what Triton refuses too, what contradicts the
 * graph, and what cannot be served
 */
export async function importTritonConfig(config: TritonConfig, options: ImportOptions): Promise<ReadConfig> {
  const notices: string[] = []
  const note: Note = (sentence) => void notices.push(`config.pbtxt: ${sentence}`)
  refuseInapplicable(config, options.hasOwnHandler === true)
  checkTensors(config, options.signature, note)
  const labels = await outputLabelsFrom(config, options.readLabels)
  const imported: ModelConfig = {
    ...batchingFrom(config, note),
    ...instancesFrom(config, note),
    ...threadsFrom(config, note),
    ...graphOptimizationFrom(config),
    ...(Object.keys(labels).length === 0 ? {} : { outputLabels: labels }),
    tritonConfig: config,
  }
  notApplied(config, note)
  return { config: checkModelConfig(imported), notices }
}

async function outputLabelsFrom(
  { output = [] }: TritonConfig,
  readLabels: ImportOptions['readLabels'],
): Promise<Record<string, string[]>> {
  const labels: Record<string, string[]> = {}
  for (const { name = '', label_filename: file = '' } of output) {
    if (file !== '') labels[name] = linesOf(await readLabels(file))
  }
  return labels
}

/** One label a line; the last line may lack its end. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** Parameters of the ONNX Runtime backend, and the values that ask for what happens anyway. */
const HARMLESS_PARAMETERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['inter_op_thread_count', ['0', '1']],
  ['execution_mode', ['0']],
  ['enable_mem_arena', ['1']],
  ['enable_mem_pattern', ['1']],
])

function threadsFrom({ parameters = {} }: TritonConfig, note: Note): Pick<ModelConfig, 'intraOpThreads'> {
  for (const [key, { string_value: value = '' }] of Object.entries(parameters)) {
    const isHarmless = HARMLESS_PARAMETERS.get(key)?.includes(value) === true
    if (key !== 'intra_op_thread_count' && !isHarmless) note(`the parameter '${key}' has no effect here`)
  }
  const threads = parameters['intra_op_thread_count']?.string_value
  if (threads === undefined || threads === '0') return {} // 0: the runtime's own choice
  if (/^[1-9]\d{0,3}$/.test(threads)) return { intraOpThreads: Number(threads) }
  throw refused(`the parameter 'intra_op_thread_count' is '${threads}'; expected a number of threads`)
}

/** As Triton's ONNX Runtime backend reads the level; 0 is the runtime's own choice. */
const GRAPH_LEVELS: Readonly<Record<number, ModelConfig['graphOptimization']>> = {
  [-1]: 'basic',
  1: 'extended',
  2: 'disabled',
}

function graphOptimizationFrom({ optimization }: TritonConfig): Pick<ModelConfig, 'graphOptimization'> {
  const level = optimization?.graph?.level ?? 0
  if (level === 0) return {}
  const graphOptimization = GRAPH_LEVELS[level]
  if (graphOptimization !== undefined) return { graphOptimization }
  throw refused(`optimization.graph.level is ${level}; expected -1, 0, 1 or 2`)
}

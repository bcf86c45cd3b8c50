import { defineHandler, HandlerError, tensor } from 'onnxserve/handler'

/** The columns of the model's input, in its order. */
const FIELDS = ['sepalLengthCm', 'sepalWidthCm', 'petalLengthCm', 'petalWidthCm'] as const

/** Named measurements of one flower in, its species and the probability of each species out. */
export default defineHandler({
  initialize({ config }) {
    if (!isListOfNames(config['classes'])) {
      throw new HandlerError('invalid_argument', "model-config.yaml needs 'handler.classes', a list of names")
    }
  },

  preprocess(request) {
    const flower = request.json()
    if (typeof flower !== 'object' || flower === null || Array.isArray(flower)) {
      throw new HandlerError('invalid_argument', `the body must be a JSON object with ${FIELDS.join(', ')}`)
    }
    const fields = flower as Readonly<Record<string, unknown>> // an object from JSON
    const values = FIELDS.map((field) => measurement(field, fields[field]))
    return [tensor('measurements', 'FP32', [1, FIELDS.length], values)]
  },

  postprocess({ probabilities }, _request, { config }) {
    const classes = config['classes'] as readonly string[] // checked by initialize
    const values = Array.from(probabilities?.data ?? [], Number)
    return {
      class: classes[values.indexOf(Math.max(...values))],
      probabilities: Object.fromEntries(classes.map((name, index) => [name, values[index]])),
    }
  },
})

function measurement(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const problem = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`
  throw new HandlerError('invalid_argument', `'${field}' ${problem}; expected a finite number`)
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

import { defineHandler, HandlerError } from 'onnxserve/handler'

const MEASUREMENTS = 13

export default defineHandler({
  preprocess(request) {
    const { measurements } = request.json() as { measurements?: number[] }
    if (measurements?.length !== MEASUREMENTS) {
      throw new HandlerError('invalid_argument', `'measurements' must hold ${MEASUREMENTS} numbers`)
    }
    return {
      measurements: { dtype: 'FP32', shape: [1, MEASUREMENTS], data: Float32Array.from(measurements) },
    }
  },

  postprocess(outputs) {
    const scores = outputs['scores']
    if (scores?.dtype !== 'FP32') throw new Error("the graph's output 'scores' is expected to be FP32")
    const powers = Array.from(scores.data, Math.exp)
    const sum = powers.reduce((total, power) => total + power, 0)
    return Object.fromEntries(powers.map((power, index) => [`class_${index}`, power / sum]))
  },
})

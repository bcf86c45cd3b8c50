import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Device } from '../../../worker/contract/messages.ts'
import { executionProviders, OrtSession } from '../../../worker/thread/session.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { externalData, identity } from '../../support/models.ts'
import { buildModel } from '../../support/onnx-builder.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'
import { GRAPH_OPTIMIZATIONS } from '../../../worker/contract/messages.ts'

const CPU: Device = { provider: 'cpu', deviceId: 0 }

describe('OrtSession', () => {
  let directory: ModelDirectory | undefined
  let session: OrtSession | undefined
  afterEach(async () => {
    await session?.release()
    await directory?.remove()
    session = directory = undefined
  })

  const open = async (model: Uint8Array, device = CPU) => {
    directory = await modelDirectory({ 'model.onnx': model })
    session = await OrtSession.open(join(directory.spec.modelDir, 'model.onnx'), {
      device,
      intraOpThreads: 2,
    })
    return session
  }

  for (const graphOptimization of GRAPH_OPTIMIZATIONS) {
    it(`opens a graph with the optimization '${graphOptimization}'`, async () => {
      directory = await modelDirectory({ 'model.onnx': identity('FP32', ['batch', 2]) })
      const path = join(directory.spec.modelDir, 'model.onnx')
      session = await OrtSession.open(path, { device: CPU, intraOpThreads: 1, graphOptimization })
      const x = { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const
      assert.deepEqual(await session.run([x]), [{ ...x, name: 'y' }])
    })
  }

  it('hands the optimization on to the engine, which knows no other', async () => {
    directory = await modelDirectory({ 'model.onnx': identity('FP32', ['batch', 2]) })
    const path = join(directory.spec.modelDir, 'model.onnx')
    const graphOptimization = 'most' as 'all' // a mistake that the engine alone can notice
    await assert.rejects(OrtSession.open(path, { device: CPU, intraOpThreads: 1, graphOptimization }), {
      message: /graphOptimizationLevel/i,
    })
  })

  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries ${tensor.dtype} through the runtime`, async () => {
      const opened = await open(identity(tensor.dtype, ['batch', 2]))
      assert.deepEqual(opened.inputs, [{ name: 'x', dtype: tensor.dtype, shape: ['batch', 2] }])
      assert.deepEqual(opened.outputs, [{ name: 'y', dtype: tensor.dtype, shape: ['batch', 2] }])
      assert.deepEqual(await opened.run([tensor]), [{ ...tensor, name: 'y' }])
    })
  }

  it('reads feeds that are views into the middle of a buffer', async () => {
    const opened = await open(identity('FP32'))
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3)
    const [y] = await opened.run([{ name: 'x', dtype: 'FP32', shape: [1, 2], data }])
    assert.deepEqual(y?.data, Float32Array.of(1, 2))
  })

  it('refuses a string that the runtime would cut', async () => {
    const opened = await open(identity('BYTES', ['batch']))
    await assert.rejects(opened.run([{ name: 'x', dtype: 'BYTES', shape: [1], data: ['a\0b'] }]), {
      code: 'invalid_argument',
      message: /'x' has a string with a NUL character/,
    })
  })

  it('gives outputs that a later run does not change', async () => {
    const opened = await open(identity('FP32'))
    const run = (value: number) =>
      opened.run([{ name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(value, value) }])
    const [first] = await run(1)
    await run(2)
    assert.deepEqual(first?.data, Float32Array.of(1, 1))
  })

  it('says -1 for a variable dimension without a name', async () => {
    const { inputs } = await open(identity('FP32', ['batch', -1, 3]))
    assert.deepEqual(inputs[0]?.shape, ['batch', -1, 3])
  })

  it('tells a scalar from a value without a declared shape', async () => {
    const { inputs, outputs } = await open(
      buildModel({
        inputs: [
          { name: 'scalar', dtype: 'FP32', shape: [] },
          { name: 'any', dtype: 'FP32' },
        ],
        outputs: [{ name: 'sum', dtype: 'FP32' }],
        nodes: [{ op: 'Add', inputs: ['scalar', 'any'], outputs: ['sum'] }],
      }),
    )
    assert.deepEqual(inputs, [
      { name: 'scalar', dtype: 'FP32', shape: [], isScalar: true },
      { name: 'any', dtype: 'FP32', shape: [] },
    ])
    assert.deepEqual(outputs, [{ name: 'sum', dtype: 'FP32', shape: [] }])
  })

  it('finds external data beside the model', async () => {
    directory = await modelDirectory({})
    session = await OrtSession.open(externalData(directory.spec.modelDir), { device: CPU, intraOpThreads: 1 })
    const [y] = await session.run([
      { name: 'x', dtype: 'FP32', shape: [1, 4], data: Float32Array.of(1, 1, 1, 1) },
    ])
    assert.deepEqual(y?.data, Float32Array.of(22, 26, 30))
  })

  const sequence = buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: [1] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: [1], sequence: true }],
    nodes: [{ op: 'SequenceConstruct', inputs: ['x'], outputs: ['y'] }],
  })
  const REFUSED = [
    {
      it: 'an output that is no tensor',
      model: sequence,
      error: { code: 'invalid_argument', message: /output 'y' is a sequence, map or optional/ },
    },
    {
      it: 'an element type without a JavaScript array',
      model: identity('BF16'),
      error: { code: 'invalid_argument', message: /could not be opened on cpu: Unsupported data type/ },
    },
    {
      it: 'a file that is no model',
      model: new TextEncoder().encode('not a model'),
      error: { code: 'invalid_argument', message: /could not be opened on cpu: .*Protobuf parsing failed/ },
    },
    {
      it: 'a provider whose libraries are missing',
      model: identity('FP32'),
      device: { provider: 'cuda', deviceId: 0 } as const,
      error: { code: 'failed_precondition', message: /could not be opened on cuda/ },
    },
  ]
  for (const { it: name, model, device, error } of REFUSED) {
    it(`refuses ${name}`, () => assert.rejects(open(model, device), error))
  }

  it('refuses a run after its release', async () => {
    const opened = await open(identity('FP32'))
    await opened.release()
    session = undefined
    await assert.rejects(opened.run([{ name: 'x', dtype: 'FP32', shape: [1, 2], data: new Float32Array(2) }]))
  })
})

describe('executionProviders', () => {
  const CASES = [
    { it: 'gives the CPU no device', device: { provider: 'cpu', deviceId: 0 }, named: ['cpu'] },
    {
      it: 'gives WebGPU no device, which the runtime would refuse',
      device: { provider: 'webgpu', deviceId: 0 },
      named: ['webgpu'],
    },
    {
      it: 'gives CUDA its device',
      device: { provider: 'cuda', deviceId: 3 },
      named: [{ name: 'cuda', deviceId: 3 }],
    },
    {
      it: 'names CUDA on the same device behind TensorRT, for what TensorRT cannot run',
      device: { provider: 'tensorrt', deviceId: 1 },
      named: [
        { name: 'tensorrt', deviceId: 1 },
        { name: 'cuda', deviceId: 1 },
      ],
    },
  ] as const
  for (const { it: claim, device, named } of CASES) {
    it(claim, () => {
      assert.deepEqual(executionProviders(device), named)
    })
  }
})

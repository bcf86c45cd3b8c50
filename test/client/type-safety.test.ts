import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { schemaSource } from '../../frontend/client-types.ts'

/*
 * What does and does not compile for users of a written schema. The snippets stand in memory, beside this file.
 */
const SCHEMA = schemaSource({
  name: 'digits',
  inputs: { image: { dtype: 'FP32', shape: ['batch', 1, 2, 2] }, mask: { dtype: 'BOOL', shape: ['batch'] } },
  outputs: { scores: { dtype: 'FP32', shape: ['batch', 10] }, label: { dtype: 'INT64', shape: ['batch'] } },
})

const PRELUDE = `
import { OnnxServeClient } from 'onnxserve/client'
import { digits } from './schema.ts'
const model = new OnnxServeClient('http://127.0.0.1:8080').model(digits)
const image = [[[[1, 2], [3, 4]]]]
const mask = [true]
`

const COMPILES = {
  'nested arrays': 'await model.infer({ image, mask })',
  'flat data of the right array': `await model.infer({
    image: { shape: [1, 1, 2, 2], data: new Float32Array(4) }, mask: { shape: [1], data: new Uint8Array(1) },
  })`,
  'flat data of plain numbers':
    'await model.infer({ image: { shape: [1, 1, 2, 2], data: [1, 2, 3, 4] }, mask })',
  'outputs of their own arrays': `const { outputs } = await model.infer({ image, mask })
    const scores: Float32Array = outputs.scores.data
    const label: BigInt64Array = outputs.label.data
    void [scores, label]`,
  'a subset of the outputs': `const { outputs } = await model.infer({ image, mask }, { outputs: ['label'] })
    void outputs.label`,
  'any names without a schema': `await new OnnxServeClient('http://127.0.0.1').model('other').infer({ x: [1] })`,
} as const

const DOES_NOT_COMPILE = {
  'an unknown input': 'await model.infer({ image, mask, picture: image })',
  'a missing input': 'await model.infer({ image })',
  'an array of another dtype':
    'await model.infer({ image: { shape: [1, 1, 2, 2], data: new Float64Array(4) }, mask })',
  'an element of another dtype': `await model.infer({ image: [[[['1', 2], [3, 4]]]], mask })`,
  'numbers for booleans': 'await model.infer({ image, mask: [1] })',
  'another rank': 'await model.infer({ image: [1, 2, 3, 4], mask })',
  'an unknown output': `await model.infer({ image, mask }, { outputs: ['probabilities'] })`,
  'an output that was not asked for': `const { outputs } = await model.infer({ image, mask }, { outputs: ['label'] })
    void outputs.scores`,
  'an output as another array': `const { outputs } = await model.infer({ image, mask })
    const label: Float32Array = outputs.label.data
    void label`,
} as const

const FOLDER = fileURLToPath(new URL('./', import.meta.url))
const pathOf = (claim: string) => `${FOLDER}snippet ${claim}.ts`

/** What the compiler says of each file. */
function compile(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const configPath = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)) as { config: object }
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const parsed = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
  // A snippet need not use all that stands before it.
  const options = { ...parsed.options, noUnusedLocals: false }
  const host = ts.createCompilerHost(options)
  const onDisk = ts.createCompilerHost(options)
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path)
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = files.get(path)
    return text === undefined
      ? onDisk.getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return new Map(
    [...files.keys()].map((path) => [
      path,
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(path))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    ]),
  )
}

describe('a written schema', function () {
  this.timeout(60_000)
  let errors: Map<string, string[]>

  before(() => {
    const snippets = Object.entries({ ...COMPILES, ...DOES_NOT_COMPILE })
    const files = snippets.map(([claim, code]) => [pathOf(claim), PRELUDE + code] as const)
    errors = compile(new Map([[`${FOLDER}schema.ts`, SCHEMA], ...files]))
  })

  for (const claim of Object.keys(COMPILES)) {
    it(`takes ${claim}`, () => {
      assert.deepEqual(errors.get(pathOf(claim)), [])
    })
  }

  for (const claim of Object.keys(DOES_NOT_COMPILE)) {
    it(`does not compile with ${claim}`, () => {
      const found = errors.get(pathOf(claim)) ?? []
      assert.match(found.join('\n'), /not assignable|does not exist/)
    })
  }

  it('compiles itself', () => {
    assert.deepEqual(errors.get(`${FOLDER}schema.ts`), [])
  })
})

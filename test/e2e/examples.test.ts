import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { http, postJson, type HttpAnswer } from '../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLES = `${ROOT}examples/`
/** Of a probability, against the same computed by the library that trained the model. */
const TOLERANCE = 1e-4

type IrisAnswer = { class: string; probabilities: Record<string, number> }

describe('the examples, packed and served', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    await promisify(execFile)(process.execPath, ['dist/scripts/package-examples.js', modelStore], {
      cwd: ROOT,
    })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('reads every digit sample as PyTorch does, all of them sent at once', async () => {
    const expected = Object.entries(
      (await json('digits/expected.json')) as Record<string, Record<string, number>>,
    )
    const answers = await Promise.all(expected.map(([sample]) => putSample(sample)))
    for (const [index, [sample, byLabel]] of expected.entries()) {
      const [label, probability] = mostProbable(byLabel)
      const [actualLabel, actual] = mostProbable(
        JSON.parse(answers[index]?.text ?? '') as Record<string, number>,
      )
      assert.equal(label, sample[0])
      assert.equal(actualLabel, label)
      assert.ok(Math.abs(actual - probability) < TOLERANCE, `${sample}: ${actual}`)
    }
    assert.ok(expected.length >= 12)
  })

  it('answers 400 for what is no image, and names it', async () => {
    const { status, text } = await http(`${server.inference}/predictions/digits`, {
      method: 'PUT',
      body: 'no image',
    })
    assert.equal(status, 400)
    assert.match(text, /image/)
  })

  it('classifies the iris of request.json as expected.json says', async () => {
    const { status, text } = await postJson(
      `${server.inference}/predictions/iris`,
      await json('iris/request.json'),
    )
    assert.equal(status, 200)
    const expected = (await json('iris/expected.json')) as IrisAnswer
    const actual = JSON.parse(text) as IrisAnswer
    assert.equal(actual.class, expected.class)
    assert.deepEqual(Object.keys(actual.probabilities), Object.keys(expected.probabilities))
    for (const [name, probability] of Object.entries(expected.probabilities)) {
      assert.ok(Math.abs((actual.probabilities[name] ?? NaN) - probability) < TOLERANCE, name)
    }
  })

  it('answers 400 for an iris without one of its fields, and names the field', async () => {
    const { petalWidthCm: _, ...rest } = (await json('iris/request.json')) as Record<string, number>
    const { status, text } = await postJson(`${server.inference}/predictions/iris`, rest)
    assert.equal(status, 400)
    assert.match(text, /'petalWidthCm' is missing/)
  })

  async function putSample(sample: string): Promise<HttpAnswer> {
    const body = await readFile(`${EXAMPLES}digits/samples/${sample}`)
    return http(`${server.inference}/predictions/digits`, { method: 'PUT', body })
  }
})

async function json(path: string): Promise<unknown> {
  return JSON.parse(await readFile(EXAMPLES + path, 'utf8'))
}

function mostProbable(probabilities: Readonly<Record<string, number>>): [label: string, probability: number] {
  return Object.entries(probabilities).reduce((best, each) => (each[1] > best[1] ? each : best))
}

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

type Shapes = { readonly detections: readonly Record<string, unknown>[]; readonly mask: readonly string[] }
type IrisAnswer = { class: string; probabilities: Record<string, number> }

describe('the examples, packed and served', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await storeOfExamples()
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

  it('sorts the letters of tickets as expected.json says, all of them sent at once', async () => {
    const expected = (await json('tickets/expected.json')) as {
      text: string
      answer: Record<string, number>
    }[]
    const answers = await Promise.all(
      expected.map(({ text }) => postJson(`${server.inference}/predictions/tickets`, { text })),
    )
    for (const [index, { answer }] of expected.entries()) {
      const actual = JSON.parse(answers[index]?.text ?? '') as Record<string, number>
      const [label, probability] = mostProbable(answer)
      assert.ok(Math.abs((actual[label] ?? NaN) - probability) < TOLERANCE, answers[index]?.text)
    }
  })

  it('finds the shapes of a sample, as boxes and as pixels', async () => {
    const expected = (await json('shapes/expected.json')) as Record<string, Shapes>
    const { detections, mask } = expected['0.png'] ?? { detections: [], mask: [] }
    const body = await readFile(`${EXAMPLES}shapes/samples/0.png`)
    const ask = (model: string) => http(`${server.inference}/predictions/${model}`, { method: 'PUT', body })
    const boxes = JSON.parse((await ask('shapes-detector')).text) as Record<string, unknown>[]
    assert.deepEqual(boxes.map(Object.keys), detections.map(Object.keys))
    const { runs } = JSON.parse((await ask('shapes-segmenter')).text) as { runs: [number, number][] }
    assert.equal(runs.map(([kind, count]) => String(kind).repeat(count)).join(''), mask.join(''))
  })

  async function putSample(sample: string): Promise<HttpAnswer> {
    const body = await readFile(`${EXAMPLES}digits/samples/${sample}`)
    return http(`${server.inference}/predictions/digits`, { method: 'PUT', body })
  }
})

describe("the README's first commands", function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await storeOfExamples()
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'digits.mar'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('do what they say, typed one after the other', async () => {
    const commands = await readmeCommands()
    const answers: string[] = []
    for (const command of commands) answers.push(await type(command))
    const [digit, registered, iris, scaled, described, metrics] = answers
    assert.equal(mostProbable(JSON.parse(digit ?? '') as Record<string, number>)[0], '7')
    assert.match(registered ?? '', /iris.* version 1\.0 registered with 1 initial workers/)
    assert.equal((JSON.parse(iris ?? '') as IrisAnswer).class, 'versicolor')
    assert.match(scaled ?? '', /Workers scaled to 2/)
    assert.equal((JSON.parse(described ?? '') as [{ workers: unknown[] }])[0].workers.length, 2)
    assert.match(metrics ?? '', /^onnxserve_requests_total\{model="iris",version="1\.0",outcome="ok"\} 1$/m)
    const again = await http(`${server.management}/models?url=iris.mar&initial_workers=1`, { method: 'POST' })
    assert.equal(again.status, 200)
    assert.match(again.text, /registered before from the same archive/)
  })

  /** Does what curl would, against this server's ports; a machine that runs the tests may have no curl. */
  async function type(command: string): Promise<string> {
    const url = (/http:[^" ]+/.exec(command)?.[0] ?? '')
      .replace('http://127.0.0.1:8080', server.inference)
      .replace('http://127.0.0.1:8081', server.management)
      .replace('http://127.0.0.1:8082', server.metrics)
    const [, option, file] = /-([Td]) @?(\S+)/.exec(command) ?? []
    const method = /-X (\S+)/.exec(command)?.[1] ?? { T: 'PUT', d: 'POST' }[option ?? ''] ?? 'GET'
    const [, name, value = ''] = /-H '([^:]+): ([^']+)'/.exec(command) ?? []
    const { status, text } = await http(url, {
      method,
      ...(file === undefined ? {} : { body: await readFile(ROOT + file) }),
      headers: name === undefined ? {} : { [name]: value },
    })
    assert.equal(status, 200, text)
    return text
  }
})

async function storeOfExamples(): Promise<string> {
  const modelStore = await temporaryDirectory()
  await promisify(execFile)(process.execPath, ['dist/scripts/package-examples.js', modelStore], { cwd: ROOT })
  return modelStore
}

async function readmeCommands(): Promise<string[]> {
  const [, section = ''] = (await readFile(`${ROOT}README.md`, 'utf8')).split('## Run it in 60 seconds')
  return section.slice(0, section.indexOf('## ')).match(/^curl .*$/gm) ?? []
}

async function json(path: string): Promise<unknown> {
  return JSON.parse(await readFile(EXAMPLES + path, 'utf8'))
}

function mostProbable(probabilities: Readonly<Record<string, number>>): [label: string, probability: number] {
  return Object.entries(probabilities).reduce((best, each) => (each[1] > best[1] ? each : best))
}

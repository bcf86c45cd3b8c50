import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Instance } from '../../../worker/thread/instance.ts'
import { answersOf, bodyRequest, partsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity } from '../../support/models.ts'

const EXAMPLE = new URL('../../../examples/tickets/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, EXAMPLE))
const FILES = {
  'model.onnx': read('model.onnx'),
  'tokenizer.json': read('tokenizer.json'),
  'index_to_name.json': read('index_to_name.json'),
}
/** Of a probability, against PyTorch's. */
const TOLERANCE = 1e-5

type Expected = { readonly text: string; readonly answer: Readonly<Record<string, number>> }
const EXPECTED = JSON.parse(read('expected.json').toString()) as readonly Expected[]
const LETTER = EXPECTED[0]?.text ?? ''

describe('the text_classifier handler', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = async (
    handlerConfig: Readonly<Record<string, unknown>> = {},
    files: Readonly<Record<string, Uint8Array | string>> = {},
  ) => {
    return (await worker.load({ ...FILES, ...files }, { handler: 'text_classifier', handlerConfig })).instance
  }
  const answers = async (loaded: Instance, ...bodies: readonly unknown[]) =>
    answersOf(await loaded.run(bodies.map((body) => bodyRequest(body))))

  function assertClose(actual: unknown, expected: Readonly<Record<string, number>>): void {
    const found = actual as Record<string, number>
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), JSON.stringify(actual))
    for (const [label, probability] of Object.entries(expected)) {
      assert.ok(Math.abs((found[label] ?? NaN) - probability) < TOLERANCE, `${label}: ${found[label]}`)
    }
  }

  it('answers what PyTorch does, letters of different length padded into one batch', async () => {
    const loaded = await load()
    const found = await answers(loaded, ...EXPECTED.map(({ text }) => ({ text })))
    for (const [index, { answer }] of EXPECTED.entries()) assertClose(found[index], answer)
    assert.ok(EXPECTED.length >= 8)
  })

  it('puts letters of similar length into one run', async () => {
    const loaded = await load({ padToMultipleOf: 32 })
    const { timing } = await loaded.run(EXPECTED.slice(0, 4).map(({ text }) => bodyRequest({ text })))
    assert.deepEqual([timing.runs, timing.rows], [1, 4])
  })

  const FORMS = [
    { it: 'plain text', body: LETTER },
    { it: 'a JSON string', body: JSON.stringify(LETTER) },
    { it: 'an object', body: { text: LETTER } },
  ]
  for (const { it: form, body } of FORMS) {
    it(`takes ${form}`, async () => {
      const [found] = await answers(await load(), body)
      assertClose(found, EXPECTED[0]?.answer ?? {})
    })
  }

  it('takes a form field', async () => {
    const part = { name: 'data', bytes: Buffer.from(LETTER) }
    const [found] = answersOf(await (await load()).run([partsRequest([part])]))
    assertClose(found, EXPECTED[0]?.answer ?? {})
  })

  for (const body of [[LETTER, { text: LETTER }], { text: [LETTER, LETTER] }]) {
    it(`answers a list to ${JSON.stringify(body).slice(0, 12)}…`, async () => {
      const [found] = await answers(await load(), body)
      const list = found as unknown[]
      assert.equal(list.length, 2)
      for (const each of list) assertClose(each, EXPECTED[0]?.answer ?? {})
    })
  }

  it('cuts the end of a long text, and keeps the special tokens', async () => {
    const loaded = await load({ maxTokens: 6, padToMultipleOf: 1, topK: 3 })
    const [short, long] = await answers(
      loaded,
      'the invoice for the',
      `the invoice for the${' lamp'.repeat(50)}`,
    )
    assert.deepEqual(long, short)
  })

  const REFUSED = [
    {
      it: 'a text beyond maxTokens, if told so',
      config: { maxTokens: 4, truncation: 'refuse' },
      body: LETTER,
      message: /tokens, at most 4/,
    },
    {
      it: 'a text beyond maxCharacters',
      config: { maxCharacters: 5 },
      body: LETTER,
      message: /characters, at most 5/,
    },
    {
      it: 'more texts than maxTexts',
      config: { maxTexts: 2 },
      body: { text: ['a', 'b', 'c'] },
      message: /the list holds 3 texts, at most 2 are accepted/,
    },
    { it: 'an empty body', config: {}, body: ' ', message: /text is expected/ },
    { it: 'an empty list', config: {}, body: [], message: /list of texts is empty/ },
    {
      it: 'deep nesting',
      config: {},
      body: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      message: /found deep nesting/,
    },
    { it: 'a number', config: {}, body: [1], message: /found 1/ },
    { it: 'an object without text', config: {}, body: { txt: 'a' }, message: /\{"txt":"a"\}/ },
  ]
  for (const { it: what, config, body, message } of REFUSED) {
    it(`refuses ${what}, and answers its neighbour`, async () => {
      const loaded = await load(config)
      const [refused] = await answers(loaded, body, 'ok')
      assert.match(String(refused), /^invalid_argument: /)
      assert.match(String(refused), message)
    })
  }

  it('gives each label its own probability by sigmoid', async () => {
    const [found] = await answers(await load({ activation: 'sigmoid' }), LETTER)
    const sum = Object.values(found as Record<string, number>).reduce((total, each) => total + each, 0)
    assert.ok(Math.abs(sum - 1) > 0.01, String(sum))
  })

  const UNLOADABLE = [
    {
      it: 'no tokenizer',
      files: {},
      config: { tokenizerFile: 'none.json' },
      message: /'none\.json' is not in the archive/,
    },
    {
      it: 'a tokenizer that is no JSON',
      files: { 'tokenizer.json': '{' },
      config: {},
      message: /tokenizer\.json.*not valid JSON/,
    },
    {
      it: 'a tokenizer of another form',
      files: { 'tokenizer.json': '{}' },
      config: {},
      message: /tokenizer\.json' cannot be used/,
    },
    { it: 'no token to pad with', files: {}, config: { padToken: '[NONE]' }, message: /\[NONE\].*padToken/ },
    {
      it: 'a graph that takes no tokens',
      files: { 'model.onnx': identity('FP32') },
      config: {},
      message: /input_ids.*'x' FP32/,
    },
    { it: 'an unknown setting', files: {}, config: { maxTokns: 3 }, message: /did you mean 'maxTokens'/ },
  ]
  for (const { it: what, files, config, message } of UNLOADABLE) {
    it(`does not load with ${what}`, () =>
      assert.rejects(load(config, files), { code: 'invalid_argument', message }))
  }
})

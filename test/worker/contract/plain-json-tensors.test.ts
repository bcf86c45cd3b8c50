import assert from 'node:assert/strict'
import { parseExactJson } from '../../../worker/contract/exact-json.ts'
import { tensorsFromPlainJson } from '../../../worker/contract/plain-json-tensors.ts'
import { tensorFromJson, type ParsedTensor } from '../../../worker/contract/tensor-from-json.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'
import { seededRandom } from '../../support/random.ts'

const ROWS: TensorMetadata = { name: 'x', dtype: 'FP32', shape: [-1, 2] }
const LIST: TensorMetadata = { name: 'x', dtype: 'FP32', shape: [-1] }
const PAIR: readonly TensorMetadata[] = [ROWS, { name: 'y', dtype: 'FP32', shape: ['n', 1] }]
const UNDECLARED: TensorMetadata = { name: 'x', dtype: 'FP32', shape: [] }

function plain(text: string, inputs: readonly TensorMetadata[]): ParsedTensor[] | undefined {
  return tensorsFromPlainJson(Buffer.from(text), inputs)
}

/** What the readers of any JSON make of the tensor of one input. */
function general(value: unknown, input: TensorMetadata): ParsedTensor {
  return tensorFromJson(input, value)
}

function numberAs(text: string): Float32Array | undefined {
  return plain(`[${text}]`, [LIST])?.[0]?.tensor.data as Float32Array | undefined // LIST is FP32
}

function generalNumber(text: string): Float32Array {
  return general(parseExactJson(`[${text}]`, 'the body'), LIST).tensor.data as Float32Array // LIST is FP32
}

describe('tensorsFromPlainJson', () => {
  const BODIES: readonly (readonly [it: string, text: string, input: TensorMetadata])[] = [
    ['the rows', '[[1,2],[3,4]]', ROWS],
    ['a single row', '[1,2]', ROWS],
    ['a single element', '[[0.5]]', { name: 'x', dtype: 'FP32', shape: [-1, 1] }],
    ['blanks wherever they may stand', ' \n[ [ 1 , 2 ] ,\t[3,4\r] ] ', ROWS],
    ['any shape where none is declared', '[[[1,2,3]],[[4,5,6]]]', UNDECLARED],
  ]
  for (const [it_, text, input] of BODIES) {
    it(`reads ${it_} as the general readers do`, () => {
      assert.deepEqual(plain(text, [input]), [general(JSON.parse(text), input)])
      assert.deepEqual(plain(`{"x": ${text}}`, [input]), [general(JSON.parse(text), input)])
    })
  }

  it('reads the inputs of a body in any order', () => {
    const [x, y] = PAIR.map((input, index) => general([[[1, 2]], [[3]]][index], input))
    assert.deepEqual(plain('{"x":[[1,2]],"y":[[3]]}', PAIR), [x, y])
    assert.deepEqual(plain('{ "y" : [[3]] , "x" : [[1,2]] }', PAIR), [x, y])
  })

  it('reads more elements than it keeps memory for, and then few', () => {
    const many = Array.from({ length: 50_001 }, (_, index) => index)
    assert.deepEqual(plain(JSON.stringify(many), [LIST]), [general(many, LIST)])
    assert.deepEqual(plain('[7]', [LIST]), [general([7], LIST)])
  })

  it('gives each tensor memory of its own', () => {
    const [first] = plain('[1,2]', [LIST]) ?? []
    plain('[3,4]', [LIST])
    assert.deepEqual(first?.tensor.data, Float32Array.of(1, 2))
  })

  const LEFT: readonly (readonly [it: string, text: string, inputs?: readonly TensorMetadata[]])[] = [
    ['an open object where there are no inputs', '{', []],
    ['a control character in a name', '{"a\tb":[1]}', [{ name: 'a\tb', dtype: 'FP32', shape: [-1] }]],
    ['other types', '[1]', [{ name: 'x', dtype: 'INT64', shape: [-1] }]],
    ['a list for two inputs', '[[1,2]]', PAIR],
    ['an input that is missing', '{"x":[[1,2]]}', PAIR],
    ['a name that is no input', '{"z":[[1,2]]}'],
    ['a further name', '{"x":[[1,2]],"z":1}'],
    ['a name that is given twice', '{"x":[[1,2]],"x":[[1,2]]}', PAIR],
    ['a name with an escape', '{"\\u0078":[[1,2]]}'],
    ['a name that is not ASCII', '{"é":[[1,2]]}', [{ ...ROWS, name: 'é' }]],
    ['a name without an end', '{"x'],
    ['a number alone', '1', [UNDECLARED]],
    ['nothing', ''],
    ['an empty list', '[]', [LIST]],
    ['an empty row', '[[]]', [LIST]],
    ['another shape', '[[1,2,3]]'],
    ['rows of different length', '[[1,2],[3]]'],
    ['rows among numbers', '[[1,2],3]'],
    ['numbers among rows', '[1,[2]]'],
    ['null', '[[1,null]]'],
    ['a word', '[[1,NaN]]'],
    ['a text', '[[1,"2"]]'],
    ['a list without an end', '[[1,2]'],
    ['a comma too many', '[[1,2,]]'],
    ['text after the body', '[[1,2]] x'],
    ['a list in a list for ever', '['.repeat(40), [UNDECLARED]],
  ]
  for (const [it_, text, inputs = [ROWS]] of LEFT) {
    it(`leaves ${it_} to the general readers`, () => assert.equal(plain(text, inputs), undefined))
  }

  const NO_NUMBERS = [
    '',
    '-',
    '+1',
    '01',
    '-01',
    '1.',
    '.5',
    '1.e5',
    '1e',
    '1e+',
    '0x1',
    '1_0',
    'Infinity',
    '--1',
    '3.5e38',
  ]
  for (const text of NO_NUMBERS) {
    it(`leaves '${text}', which is no number of a single`, () => assert.equal(numberAs(text), undefined))
  }

  const NUMBERS = [
    ...[
      '0',
      '-0',
      '0.0',
      '-0.0e5',
      '0e999',
      '1E2',
      '1e+2',
      '12e-1',
      '9007199254740993',
      '18446744073709551615',
    ],
    ...['1e-45', '7.006492321624085e-46', '7.006492321624086e-46', '1.1754943e-38', '3.4028235e38', '1e-400'],
    ...['0.1', '0.30000000000000004', '16777217', '1.00000005960464477539062500001', `0.${'3'.repeat(60)}`],
  ]
  for (const text of NUMBERS) {
    it(`reads ${text} as the general readers do`, () => assert.deepEqual(numberAs(text), generalNumber(text)))
  }

  it('reads numbers of all lengths and sizes as the general readers do', () => {
    const random = seededRandom(7)
    for (let index = 0; index < 20_000; index++) {
      const value = (random() - 0.5) * 10 ** Math.floor(random() * 80 - 45)
      const text = index % 2 === 0 ? value.toPrecision(1 + (index % 21)) : value.toExponential(index % 25)
      assert.deepEqual(numberAs(text), generalNumber(text), text)
    }
  })

  it('rounds what lies half-way between two singles as the general readers do', () => {
    const random = seededRandom(11)
    const bits = new Uint32Array(1)
    const single = new Float32Array(bits.buffer)
    for (let index = 0; index < 5000; index++) {
      bits[0] = Math.floor(random() * 0x7f000000)
      const [lower = 0] = single
      bits[0] += 1
      const halfWay = (lower + (single[0] ?? 0)) / 2
      for (const text of [String(halfWay), halfWay.toPrecision(18), halfWay.toExponential(20)]) {
        assert.deepEqual(numberAs(text), generalNumber(text), text)
      }
    }
  })
})

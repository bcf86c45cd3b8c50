import assert from 'node:assert/strict'
import { signatureProblem } from '../../../worker/thread/handler-signature.ts'

const TEXT = { name: 'text', dtype: 'BYTES', shape: ['batch'] }

describe('signatureProblem', () => {
  const ACCEPTED = [
    { it: 'none at all', signature: undefined },
    { it: 'inputs and outputs', signature: { inputs: [TEXT], outputs: [{ ...TEXT, shape: [-1, 3] }] } },
    { it: 'an optional input', signature: { inputs: [{ ...TEXT, optional: true }], outputs: [TEXT] } },
    { it: 'a scalar', signature: { inputs: [{ ...TEXT, shape: [] }], outputs: [TEXT] } },
  ]
  for (const { it: name, signature } of ACCEPTED) {
    it(`accepts ${name}`, () => {
      assert.equal(signatureProblem(signature), undefined)
    })
  }

  const inputs = (...given: unknown[]) => ({ inputs: given, outputs: [TEXT] })
  const REFUSED = [
    { it: 'a list', signature: [], message: /^without a list of 1 to 1024 inputs/ },
    { it: 'a text', signature: 'x', message: /^that is a string, expected is \{ inputs/ },
    { it: 'no inputs', signature: inputs(), message: /^without a list of 1 to 1024 inputs/ },
    { it: 'no outputs', signature: { inputs: [TEXT] }, message: /^without a list of 1 to 1024 outputs/ },
    {
      it: 'one name twice',
      signature: inputs(TEXT, TEXT),
      message: /^that names 'text' twice among its inputs/,
    },
    {
      it: 'a tensor without a name',
      signature: inputs({ ...TEXT, name: '' }),
      message: /inputs\[0\] has no text/,
    },
    { it: 'an unknown dtype', signature: inputs({ ...TEXT, dtype: 'BF16' }), message: /has dtype "BF16"/ },
    {
      it: 'a negative size',
      signature: inputs({ ...TEXT, shape: [-2] }),
      message: /has a shape that is no list/,
    },
    {
      it: 'an unnamed name',
      signature: inputs({ ...TEXT, shape: [''] }),
      message: /has a shape that is no list/,
    },
    { it: 'what is no tensor', signature: inputs(null), message: /inputs\[0\] is no object/ },
    {
      it: 'an optional output',
      signature: { inputs: [TEXT], outputs: [{ ...TEXT, optional: true }] },
      message: /outputs\[0\] has an 'optional' of true/,
    },
  ]
  for (const { it: name, signature, message } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.match(signatureProblem(signature) ?? '', message)
    })
  }
})

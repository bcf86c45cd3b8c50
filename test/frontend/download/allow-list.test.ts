import assert from 'node:assert/strict'
import { allowedBy } from '../../../frontend/download/allow-list.ts'

const ALLOWED = [
  { protocol: 'https:', host: 'models.example', path: '/onnx/' },
  { protocol: 'http:', host: 'models.example:8080', path: '/one.mar' },
]

describe('allowedBy', () => {
  for (const url of [
    'https://models.example/onnx/a.mar',
    'https://MODELS.EXAMPLE/onnx/deep/a.mar?token=x',
    'https://models.example:443/onnx/a.mar',
    'https://models.example/other/../onnx/a.mar',
    'http://models.example:8080/one.mar',
  ]) {
    it(`allows ${url}`, () => assert.ok(ALLOWED.some((each) => each === allowedBy(new URL(url), ALLOWED))))
  }

  for (const url of [
    'http://models.example/onnx/a.mar',
    'https://models.example:8443/onnx/a.mar',
    'https://models.example/onnxx/a.mar',
    'https://models.example/',
    'https://models.example/onnx/../secret.mar',
    'https://models.example/onnx/%2e%2e/secret.mar',
    'https://models.example/onnx/..%2fsecret.mar',
    'https://models.example/onnx/..%5csecret.mar',
    'https://models.example/onnx\\..\\secret.mar',
    'https://models.example./onnx/a.mar',
    'https://models.example.evil/onnx/a.mar',
    'https://models.example@evil/onnx/a.mar',
    'https://user:secret@models.example/onnx/a.mar',
    'http://models.example:8080/one.marx',
    'file:///onnx/a.mar',
    'data:text/plain,a',
  ]) {
    it(`refuses ${url}, and shows no secret`, () =>
      assert.throws(
        () => allowedBy(new URL(url), ALLOWED),
        ({ code, message }: { code: string; message: string }) =>
          code === 'permission_denied' && !message.includes('secret@') && message.includes('allowed_urls'),
      ))
  }

  it('says that nothing is allowed where nothing is', () =>
    assert.throws(() => allowedBy(new URL('https://h/a.mar'), []), {
      message:
        /^'https:\/\/h\/a\.mar' is not fetched: allowed_urls is empty\. Copy the archive into the model/,
    }))
})

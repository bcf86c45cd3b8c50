import assert from 'node:assert/strict'
import { allowedUrls } from '../../../frontend/config/allowed-urls.ts'

describe('allowedUrls', () => {
  const READ = [
    { text: 'https://models.example/onnx/', urls: ['https://models.example/onnx/'] },
    { text: 'https://models.example', urls: ['https://models.example/'] },
    { text: 'https://MODELS.example:8443/a/../b', urls: ['https://models.example:8443/b'] },
    { text: 'https://h:443/a', urls: ['https://h/a'] },
    { text: 'file:///srv/models/', urls: ['file:///srv/models/'] },
    { text: 'https://a/ , http://b/x', urls: ['https://a/', 'http://b/x'] },
    { text: 'https://models\\.example/.*', urls: ['https://models.example/'] },
    { text: '^https://s3\\.amazonaws\\.com/bucket/.*$', urls: ['https://s3.amazonaws.com/bucket/'] },
    { text: 'http(s)?://h/x/.*', urls: ['http://h/x/', 'https://h/x/'] },
    { text: 'https?://h/x/.*', urls: ['http://h/x/', 'https://h/x/'] },
    { text: 'file:///srv/models/.*', urls: ['file:///srv/models/'] },
    { text: 'http://0x7f.1/', urls: ['http://127.0.0.1/'] },
    { text: 'https://[2001:DB8::1]:8443/a/', urls: ['https://[2001:db8::1]:8443/a/'] },
    { text: '', urls: [] },
  ]
  for (const { text, urls } of READ) {
    it(`reads '${text}'`, () => {
      const parsed = allowedUrls.parse(text)
      assert.equal(parsed === undefined ? undefined : allowedUrls.format(parsed), urls.join(','))
    })
  }

  const REFUSED = [
    'file://.*|http(s)?://.*',
    'https://.*',
    'http(s)?://.*',
    'file://.*',
    'file:///.*',
    'https://[a-z]+\\.example/.*',
    'https://(a|b)/.*',
    'https://[ab].example/',
    'https://[2001:db8::1].*/',
    'https://.*\\.example/',
    'https://user:secret@h/',
    'https://h/a%2fb',
    'https://h/a#b',
    'ftp://h/a',
    's3://bucket/a',
    'models.example/a',
    'https://a/, nonsense',
  ]
  for (const text of REFUSED) {
    it(`refuses '${text}', and says which part`, () => {
      assert.equal(allowedUrls.parse(text), undefined)
      const part = text.split(',').at(-1)?.trim() ?? ''
      assert.ok(allowedUrls.explain?.(text).includes(`'${part}' is a pattern that says more or less than`))
    })
  }
})

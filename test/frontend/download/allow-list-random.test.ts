import assert from 'node:assert/strict'
import { allowedUrls } from '../../../frontend/config/allowed-urls.ts'
import { allowedBy } from '../../../frontend/download/allow-list.ts'
import { seededRandom } from '../../support/random.ts'

const ALLOWED = allowedUrls.parse('https://models.example/onnx/,http://h:8080/one.mar') ?? []
const PREFIXES = ['https://models.example/onnx/', 'http://h:8080/one.mar']

/** What people, and those who mean harm, write into addresses. */
const PIECES = [
  ...[
    'https://',
    'http://',
    'HTTPS://',
    'https:',
    '//',
    '/',
    '\\',
    '@',
    ':',
    '.',
    '..',
    '/../',
    '/./',
    '%2e%2e',
  ],
  ...[
    '%2f',
    '%5c',
    '%00',
    '?',
    '#',
    'models.example',
    'MODELS.example',
    'h',
    ':8080',
    ':443',
    'onnx',
    'one.mar',
  ],
  ...['evil', 'user:secret@', '\t', ' ', '\u{ff0f}', '\u3002', 'onnx/a.mar', '127.0.0.1'],
]
const ROUNDS = 20_000

describe('allowedBy, on random addresses', () => {
  it('lets nothing pass but what, as the URL standard reads it, begins with an allowed address', () => {
    const random = seededRandom(7)
    let passed = 0
    for (let round = 0; round < ROUNDS; round++) {
      const start = random() < 0.5 ? (PREFIXES[Math.floor(random() * PREFIXES.length)] ?? '') : ''
      const pieces = Array.from(
        { length: Math.floor(random() * 6) },
        () => PIECES[Math.floor(random() * PIECES.length)],
      )
      const text = start + pieces.join('')
      const url = URL.canParse(text) ? new URL(text) : undefined
      if (url === undefined || !isAllowed(url)) continue
      passed++
      const { href } = new URL(url.pathname, url.origin)
      const prefix = PREFIXES.find((each) => href.startsWith(each))
      assert.ok(prefix !== undefined, text)
      assert.ok(prefix.endsWith('/') || /^(\/|$)/.test(href.slice(prefix.length)), text)
      assert.equal(url.username + url.password, '', text)
    }
    assert.ok(passed > ROUNDS / 20, `${passed} passed`)
  })
})

function isAllowed(url: URL): boolean {
  try {
    allowedBy(url, ALLOWED)
    return true
  } catch {
    return false // refused, which is always safe
  }
}

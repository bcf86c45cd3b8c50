import assert from 'node:assert/strict'
import { isForm, partsFromForm } from '../../../frontend/http/form.ts'

const MULTIPART = 'multipart/form-data; boundary=XX'

function multipart(...parts: string[]): Buffer {
  return Buffer.from(`${parts.map((part) => `--XX\r\n${part}\r\n`).join('')}--XX--\r\n`, 'latin1')
}

function field(name: string, value: string, headers = ''): string {
  return `Content-Disposition: form-data; name="${name}"\r\n${headers}\r\n${value}`
}

async function partsOf(contentType: string, body: Buffer) {
  const parts = await partsFromForm(contentType, body)
  return parts.map(({ bytes, ...rest }) => ({ ...rest, text: Buffer.from(bytes).toString('latin1') }))
}

const READ = [
  {
    it: 'plain fields without a type',
    body: multipart(field('a', '1'), field('b', '')),
    parts: [
      { name: 'a', text: '1' },
      { name: 'b', text: '' },
    ],
  },
  {
    it: 'a field with a type of its own',
    body: multipart(field('x', '[1]', 'Content-Type: application/json; charset=UTF-8\r\n')),
    parts: [{ name: 'x', contentType: 'application/json', text: '[1]' }],
  },
  {
    it: 'a file with its bytes untouched',
    body: multipart(
      'Content-Disposition: form-data; name="data"; filename="7.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\xff',
    ),
    parts: [{ name: 'data', contentType: 'image/png', text: '\x89PNG\r\n\x00\xff', fileName: '7.png' }],
  },
  {
    it: 'bytes without a file name',
    body: multipart(field('data', '\xff\x00', 'Content-Type: application/octet-stream\r\n')),
    parts: [{ name: 'data', contentType: 'application/octet-stream', text: '\xff\x00' }],
  },
  {
    it: 'a path as a bare file name',
    body: multipart('Content-Disposition: form-data; name="d"; filename="../../etc/x"\r\n\r\ny'),
    parts: [{ name: 'd', contentType: 'text/plain', text: 'y', fileName: 'x' }],
  },
  {
    it: 'a name that occurs twice',
    body: multipart(field('a', '1'), field('a', '2')),
    parts: [
      { name: 'a', text: '1' },
      { name: 'a', text: '2' },
    ],
  },
  {
    it: 'exactly 256 parts',
    body: multipart(...Array.from({ length: 256 }, () => field('a', ''))),
    parts: Array.from({ length: 256 }, () => ({ name: 'a', text: '' })),
  },
  { it: 'no part at all', body: Buffer.from('--XX--\r\n'), parts: [] },
]

const REFUSED = [
  {
    it: 'a form without its end',
    body: Buffer.from(`--XX\r\n${field('a', '1')}`),
    message: /form in the request body is broken: Unexpected end of form/,
  },
  {
    it: 'a cut file',
    body: Buffer.from('--XX\r\nContent-Disposition: form-data; name="d"; filename="f"\r\n\r\nabc'),
    message: /Unexpected end of form/,
  },
  {
    it: 'a missing boundary',
    contentType: 'multipart/form-data',
    body: multipart(),
    message: /cannot be read: Multipart: Boundary not found/,
  },
  {
    it: 'more than 256 parts',
    body: multipart(...Array.from({ length: 257 }, () => field('a', ''))),
    message: /more than 256 parts/,
  },
  {
    it: 'bytes that pretend to be text',
    body: multipart(field('x', '\xff\xfe')),
    message: /field 'x' that is not UTF-8 text; send bytes as a file/,
  },
  {
    it: 'a field without a name',
    body: multipart('Content-Disposition: form-data\r\n\r\n1'),
    message: /a part without a name/,
  },
  {
    it: 'a broken part header',
    body: multipart('Content-Disposition form-data\r\n\r\n1'),
    message: /Malformed part header/,
  },
]

describe('a multipart form', () => {
  for (const c of READ)
    it(`gives ${c.it}`, async () => assert.deepEqual(await partsOf(MULTIPART, c.body), c.parts))

  for (const c of REFUSED) {
    it(`with ${c.it} is refused`, () =>
      assert.rejects(partsFromForm(c.contentType ?? MULTIPART, c.body), {
        code: 'invalid_argument',
        reason: 'form',
        message: c.message,
      }))
  }
})

describe('an urlencoded form', () => {
  const URLENCODED = 'application/x-www-form-urlencoded; charset=utf-8'

  it('gives its fields in order, decoded', async () => {
    const parts = await partsFromForm(URLENCODED, Buffer.from('a=1+2&b=%C3%A9&c=é&a='))
    assert.deepEqual(
      parts.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]),
      [
        ['a', '1 2'],
        ['b', 'é'],
        ['c', 'é'],
        ['a', ''],
      ],
    )
  })

  it('with more than 256 fields is refused', () =>
    assert.rejects(partsFromForm(URLENCODED, Buffer.from('a=1&'.repeat(257))), {
      message: /more than 256 fields/,
    }))
})

describe('isForm', () => {
  const TYPES: readonly [string | undefined, boolean][] = [
    ['multipart/form-data; boundary=x', true],
    ['Multipart/Form-Data', true],
    ['application/x-www-form-urlencoded', true],
    ['application/json', false],
    ['multipart/mixed', false],
    [undefined, false],
  ]
  for (const [type, expected] of TYPES) {
    it(`is ${expected} for ${type ?? 'no type'}`, () => assert.equal(isForm(type), expected))
  }
})

import assert from 'node:assert/strict'
import { acceptedEncoding } from '../../../frontend/http/accept-encoding.ts'

const SERVED = ['gzip', 'br', 'deflate'] as const

describe('acceptedEncoding', () => {
  const CASES: { readonly header: string; readonly encoding?: string; readonly refusesIdentity?: true }[] = [
    { header: 'gzip', encoding: 'gzip' },
    { header: 'GZIP', encoding: 'gzip' },
    { header: 'x-gzip', encoding: 'gzip' },
    { header: 'gzip, deflate, br', encoding: 'gzip' },
    { header: 'deflate, br', encoding: 'br' },
    { header: 'gzip;q=0.5, br;q=0.8', encoding: 'br' },
    { header: 'gzip;q=0.5,deflate;q=1.0', encoding: 'deflate' },
    { header: 'gzip; q=0.123 , br ; q=0.2', encoding: 'br' },
    { header: '*', encoding: 'gzip' },
    { header: '*;q=0.1, gzip;q=0', encoding: 'br' },
    { header: 'identity' },
    { header: '' },
    { header: 'lzma, compress' },
    { header: 'gzip;q=0' },
    { header: 'gzip;q=0.5, identity' },
    { header: 'gzip, identity;q=0.5', encoding: 'gzip' },
    { header: 'gzip, identity;q=0', encoding: 'gzip', refusesIdentity: true },
    { header: 'gzip, *;q=0', encoding: 'gzip', refusesIdentity: true },
    { header: 'identity;q=0', refusesIdentity: true },
    { header: '*;q=0', refusesIdentity: true },
    { header: 'gzip;q=2' },
    { header: 'gzip;level=9' },
    { header: ';;,,q=1' },
    { header: 'constructor, br', encoding: 'br' },
    { header: `${'a,'.repeat(40)}gzip` },
  ]
  for (const { header, encoding, refusesIdentity = false } of CASES) {
    const shown = header.length > 40 ? `${header.length} characters of members` : header
    it(`reads '${shown}' as ${encoding ?? 'no encoding'}${refusesIdentity ? ', and nothing else' : ''}`, () => {
      const expected = encoding === undefined ? { refusesIdentity } : { encoding, refusesIdentity }
      assert.deepEqual(acceptedEncoding(header, SERVED), expected)
    })
  }
})

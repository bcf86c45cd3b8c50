import assert from 'node:assert/strict'
import { AnswerReader, type Answer } from '../../../bench/load/answer-reader.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

const CASES = [
  { it: 'a body of known length', text: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc' },
  { it: 'no body', text: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n' },
  { it: 'a status that has none', text: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204 },
  { it: 'chunks', text: `${CHUNKED}3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n` },
  { it: 'chunks with an extension and a trailer', text: `${CHUNKED}2;a=b\r\nab\r\n0\r\nx: y\r\n\r\n` },
  { it: 'a chunk that holds line ends', text: `${CHUNKED}6\r\n0\r\n\r\na\r\n0\r\n\r\n` },
  {
    it: 'a Continue before it',
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
  },
  {
    it: 'a refusal that closes the connection',
    text: 'HTTP/1.1 429 Too Many\r\nConnection: close\r\nContent-Length: 1\r\n\r\na',
    status: 429,
    isKeptAlive: false,
  },
]

describe('AnswerReader', () => {
  const answersOf = (reader: AnswerReader, pieces: readonly string[]): (Answer | undefined)[] =>
    pieces.map((piece) => reader.push(Buffer.from(piece)))

  for (const { it: claim, text, status = 200, isKeptAlive = true } of CASES) {
    it(`reads ${claim} at the last byte, whole and byte by byte, twice`, () => {
      const reader = new AnswerReader()
      for (const pieces of [[text], [...text], [text], [...text]]) {
        const answers = answersOf(reader, pieces)
        const last = answers.pop()
        assert.deepEqual(
          answers.filter((answer) => answer !== undefined),
          [],
        )
        assert.deepEqual([last?.status, last?.isKeptAlive], [status, isKeptAlive])
      }
    })
  }

  const UNREADABLE = [
    { it: 'no length', text: 'HTTP/1.1 200 OK\r\n\r\nabc', message: /tells no length/ },
    { it: 'a chunk without a size', text: `${CHUNKED}zz\r\n`, message: /is not the size of a chunk/ },
  ]
  for (const { it: claim, text, message } of UNREADABLE) {
    it(`refuses an answer with ${claim}`, () => {
      assert.throws(() => new AnswerReader().push(Buffer.from(text)), { message })
    })
  }
})

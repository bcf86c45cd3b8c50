const LINE_END = '\n'

/** Finds the end of a chunked body that arrives in pieces; it keeps none of them. See RFC 9112, 7.1. */
export class ChunkedBody {
  #line = ''
  /** Of the present chunk and the line end behind it. */
  #chunkBytesLeft = 0
  #isLast = false

  /** @returns whether the body ends with this piece */
  push(piece: Buffer): boolean {
    let at = 0
    while (at < piece.byteLength) {
      const skipped = Math.min(this.#chunkBytesLeft, piece.byteLength - at)
      this.#chunkBytesLeft -= skipped
      at += skipped
      if (this.#chunkBytesLeft > 0 || at === piece.byteLength) return false
      const lineEnd = piece.indexOf(LINE_END, at)
      this.#line += piece.toString('latin1', at, lineEnd === -1 ? undefined : lineEnd)
      if (lineEnd === -1) return false
      at = lineEnd + LINE_END.length
      if (this.#endsWith(this.#line.trim())) return true
      this.#line = ''
    }
    return false
  }

  /** Takes a line: a chunk's size, or behind the last chunk a trailer or the empty line that ends it all. */
  #endsWith(line: string): boolean {
    if (this.#isLast) return line === ''
    const chunkBytes = Number.parseInt(line, 16)
    if (Number.isNaN(chunkBytes)) throw new Error(`${JSON.stringify(line)} is not the size of a chunk`)
    this.#isLast = chunkBytes === 0
    this.#chunkBytesLeft = this.#isLast ? 0 : chunkBytes + '\r\n'.length
    return false
  }
}

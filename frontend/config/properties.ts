/** One entry of a properties file; `line` is where it starts, from 1. */
export type Property = { readonly name: string; readonly value: string; readonly line: number }

/**
 * Reads Java's properties syntax: `name=value`, `name: value` or `name value`; `#` and `!` start a comment line; a
 * backslash at the end of a line continues it; `\t \n \r \f \uXXXX` are escapes, any other `\x` is `x`.
 *
 * @see java.util.Properties.load
 */
export function parseProperties(text: string): Property[] {
  return logicalLines(text).map(({ content, line }) => {
    const end = nameEnd(content)
    const value = content.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    // Trailing blanks are kept by Java; here they are always an accident.
    return { name: unescape(content.slice(0, end)), value: unescape(value).trim(), line }
  })
}

function logicalLines(text: string): { content: string; line: number }[] {
  const lines: { content: string; line: number }[] = []
  let open: { content: string; line: number } | undefined
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const content = raw.replace(/^[ \t\f]+/, '')
    if (open === undefined && (content === '' || content.startsWith('#') || content.startsWith('!'))) continue
    open = { content: (open?.content ?? '') + content, line: open?.line ?? index + 1 }
    if (endsWithOpenEscape(content)) {
      open.content = open.content.slice(0, -1)
    } else {
      lines.push(open)
      open = undefined
    }
  }
  return open === undefined ? lines : [...lines, open]
}

/** An even number of backslashes is that many escaped backslashes, not a continuation. */
function endsWithOpenEscape(content: string): boolean {
  const backslashes = /\\*$/.exec(content)?.[0].length ?? 0
  return backslashes % 2 === 1
}

/** Index of the first separator that is not escaped. */
function nameEnd(content: string): number {
  for (let i = 0; i < content.length; i++) {
    if (content[i] === '\\') i++
    else if (/[=: \t\f]/.test(content.charAt(i))) return i
  }
  return content.length
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, code: string | undefined, letter: string) =>
    code === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

import { isCollection, isScalar, parseDocument, visit, type Document, type Pair } from 'yaml'

/** Makes the error of a text that is refused, from what is wrong with it. */
export type Refuse = (problem: string, cause?: unknown) => Error

const MAX_ALIASES = 16
/** Mappings and lists within each other: each costs stack in whatever walks the value later. */
const MAX_DEPTH = 64

/**
 * The mapping that a YAML text holds: plain data that JSON could hold too, and no key `__proto__`.
 *
 * @param refuse makes what is thrown for any other text
 */
export function mappingFromYaml(text: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  // The parser looks for repeated keys by comparing each with all others: 6 s for 20 000 keys.
  const document = parseDocument(text, { schema: 'core', customTags: [], uniqueKeys: false })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) throw refuse(`is not valid YAML: ${problem.message.split('\n')[0]}`)
  checkNodes(document, refuse)
  const value = plainValue(document, refuse)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown> // a mapping
  }
  throw refuse('must be a mapping of keys to values')
}

function checkNodes(document: Document.Parsed, refuse: Refuse): void {
  const checkDepth = (path: readonly unknown[]) => {
    if (path.filter(isCollection).length >= MAX_DEPTH) throw refuse(`is nested deeper than ${MAX_DEPTH}`)
  }
  visit(document, {
    Seq: (_, __, path) => {
      checkDepth(path)
    },
    Map: (_, { items }, path) => {
      checkDepth(path)
      checkKeys(items, refuse)
    },
  })
}

function checkKeys(pairs: readonly Pair[], refuse: Refuse): void {
  const seen = new Set<string>()
  for (const { key } of pairs) {
    // An alias can stand for a key that is refused; a collection makes one that nobody wrote.
    if (!isScalar(key)) throw refuse(`has the key '${String(key)}'; expected a text`)
    const name = String(key.value)
    if (name === '__proto__') throw refuse("has the key '__proto__'")
    if (seen.has(name)) throw refuse(`has the key '${name}' twice`)
    seen.add(name)
  }
}

function plainValue(document: Document.Parsed, refuse: Refuse): unknown {
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}
  } catch (error) {
    throw refuse('uses more YAML aliases than allowed', error)
  }
  try {
    JSON.stringify(value)
  } catch (error) {
    throw refuse('has a YAML alias inside of what it stands for', error)
  }
  return value
}

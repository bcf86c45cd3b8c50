import type { JsonSchema } from './json-schema.ts'

/** What a body may be: a schema for each media type. */
export type ContentDoc = Readonly<Record<string, JsonSchema>>

export type AnswerDoc = {
  readonly description: string
  readonly content?: ContentDoc
}

/** A parameter of the query. */
export type QueryDoc = { readonly expected: string; readonly json: JsonSchema }

/** What the description of an address says of one of its routes. Paths and methods come from the route itself. */
export type RouteDoc = {
  /** Unique on its address. A route that is there twice, with a version and without, gets a prefix for one. */
  readonly operationId: string
  readonly summary: string
  /** Parameters of the query, as they are read. */
  readonly query?: Readonly<Record<string, QueryDoc>>
  readonly body?: ContentDoc
  /** By status. Errors need no mention: every route of a dialect has the same. */
  readonly answers: Readonly<Record<number, AnswerDoc>>
  /** What its errors look like; absent: the shared schema `Error`. */
  readonly error?: JsonSchema
}

/** An answer of JSON. */
export function jsonDoc(description: string, schema: JsonSchema): AnswerDoc {
  return { description, content: { 'application/json': schema } }
}

/** A schema of the document's components, by its name. */
export function component(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

import { createRequire } from 'node:module'

type Validate = ((value: unknown) => boolean) & { readonly errors?: unknown }
type AjvInstance = { addSchema(schema: object, key: string): void; compile(schema: object): Validate }
type AjvModule = { readonly Ajv2020: new (options: object) => AjvInstance }

// The validator that the parser of OpenAPI documents brings along, wherever it is installed.
const fromHere = createRequire(import.meta.url)
const fromParser = createRequire(fromHere.resolve('@apidevtools/swagger-parser'))
const { Ajv2020 } = fromParser('ajv/dist/2020.js') as AjvModule

/** Checks values against the schemas of one OpenAPI 3.1 document. */
export class SchemaValidator {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })

  constructor(document: object) {
    this.#ajv.addSchema(document, 'document')
  }

  /**
   * What is wrong with a value; empty when nothing is.
   *
   * @param pointer of the schema in the document: `#/components/schemas/Error`
   */
  problems(pointer: string, value: unknown): string {
    const validate = this.#ajv.compile({ $ref: `document${pointer}` })
    return validate(value) ? '' : JSON.stringify(validate.errors)
  }
}

/** A JSON pointer to a member of a document. */
export function schemaPointer(...path: readonly string[]): string {
  return [
    '#',
    ...path.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))),
  ].join('/')
}

import { z } from 'zod'
import { isValidName } from '../../worker/contract/model-id.ts'
import { SCOPES, type Scope } from './authorizer.ts'
import { securityConfigError } from './errors.ts'
import { DIGEST_BYTES, digestOfSupplied, type KnownToken } from './token.ts'

const TOKEN_SCHEMA = z
  .strictObject({
    name: z.string().regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, _ . -'),
    token: z.string().optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits')
      .optional(),
    scopes: z.array(z.enum(SCOPES, `expected some of ${SCOPES.join(', ')}`)).min(1),
    models: z.array(z.string().refine(isValidName, 'expected the name of a model')).min(1).optional(),
    expires: z.iso
      .datetime({ offset: true, error: 'expected a time such as 2030-01-31T00:00:00Z' })
      .optional(),
  })
  .refine(({ token, sha256 }) => (token === undefined) !== (sha256 === undefined), 'expected token or sha256')
  .refine(
    ({ models, scopes }) => models === undefined || scopes.every((scope) => scope === 'inference'),
    'expected models only where the scope is inference alone: the other scopes reach every model',
  )

const FILE_SCHEMA = z.strictObject({ tokens: z.array(TOKEN_SCHEMA).min(1) })

type TokenJson = z.infer<typeof TOKEN_SCHEMA>

/**
 * Reads a token file. Instead of the token it may hold the SHA-256 of it, so that the file is no secret.
 *
 * ```json
 * {"tokens": [{"name": "shop", "token": "…", "scopes": ["inference"], "models": ["digits"],
 *              "expires": "2030-01-31T00:00:00Z"}]}
 * ```
 *
 * @throws ServingError `invalid_argument` that names file, token and member, and never a token
 */
export function tokensFromFile(text: string, path: string): KnownToken[] {
  const parsed = FILE_SCHEMA.safeParse(jsonFrom(text, path))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    throw securityConfigError(`the token file '${path}': ${place}${issue?.message ?? 'is not valid'}`)
  }
  const { tokens } = parsed.data
  const repeated = tokens.find(({ name }, index) => tokens.findIndex((other) => other.name === name) < index)
  if (repeated !== undefined) {
    throw securityConfigError(`the token file '${path}' has two tokens named '${repeated.name}'; rename one`)
  }
  return tokens.map((json) => tokenFromJson(json, path))
}

/**
 * @param variables names of variables and the scope of the token in each
 * @throws ServingError `invalid_argument` that names the variable
 */
export function tokensFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  variables: Readonly<Record<string, Scope>>,
): KnownToken[] {
  return Object.entries(variables).flatMap(([variable, scope]) => {
    const text = environment[variable]?.trim()
    if (text === undefined || text === '') return []
    return [{ name: variable, digest: digestOfSupplied(text, variable), scopes: new Set([scope]) }]
  })
}

function tokenFromJson(
  { name, token, sha256, scopes, models, expires }: TokenJson,
  path: string,
): KnownToken {
  const digest =
    token === undefined
      ? Buffer.from(sha256 ?? '', 'hex')
      : digestOfSupplied(token, `the token '${name}' in '${path}'`)
  if (digest.byteLength !== DIGEST_BYTES)
    throw securityConfigError(`the token '${name}' in '${path}' is empty`)
  return {
    name,
    digest,
    scopes: new Set(scopes),
    ...(models === undefined ? {} : { models: new Set(models) }),
    ...(expires === undefined ? {} : { expiresAtMs: Date.parse(expires) }),
  }
}

/** The parser's own message would show what it stumbled over, which may be part of a token. */
function jsonFrom(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw securityConfigError(`the token file '${path}' is not valid JSON; expected {"tokens": [ … ]}`)
  }
}

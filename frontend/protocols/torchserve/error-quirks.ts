import type { ServingError } from '../../../worker/contract/errors.ts'
import { renderError } from './errors.ts'
import type { HasQuirk, QuirkName } from './quirks.ts'
import { jsonAnswer, type Answer } from '../kernel/transport.ts'

type ErrorQuirk = {
  readonly name: QuirkName
  readonly appliesTo: (error: ServingError, strict: Answer) => boolean
  readonly render: (error: ServingError) => Answer
}

const INTERNAL_TYPE = 'InternalServerException'

const ERROR_QUIRKS: readonly ErrorQuirk[] = [
  {
    name: 'handlerFailureStatus',
    appliesTo: ({ code, reason }) => code === 'internal' && reason === undefined,
    render: ({ message }) => errorAnswer(503, INTERNAL_TYPE, message),
  },
  {
    name: 'timeoutStatus',
    appliesTo: ({ code, reason }) => code === 'deadline_exceeded' && reason === 'worker',
    render: ({ message }) => errorAnswer(500, INTERNAL_TYPE, message),
  },
  {
    name: 'sameUnavailable',
    appliesTo: (_, { status }) => status === 503,
    render: () => errorAnswer(503, 'ServiceUnavailableException', UNAVAILABLE_TEXT),
  },
  {
    name: 'refusedArchives',
    appliesTo: ({ code, reason }) =>
      reason === 'archive_name' || (code === 'permission_denied' && reason === 'download'),
    render: ({ message }) => errorAnswer(404, 'ModelNotFoundException', message),
  },
  {
    name: 'emptyBodyTooLarge',
    appliesTo: (_, { status }) => status === 413,
    render: () => ({ status: 413, headers: {}, body: '' }),
  },
]

/** TorchServe does not say which of the two it is. */
const UNAVAILABLE_TEXT =
  'No worker of this model takes requests, or its queue is full; start workers with the scale API, or retry later.'

/** Errors as TorchServe answers them, where it differs from {@link renderError}. */
export function renderErrorWith(hasQuirk: HasQuirk): (error: ServingError) => Answer {
  const quirks = ERROR_QUIRKS.filter(({ name }) => hasQuirk(name))
  if (quirks.length === 0) return renderError
  return (error) => {
    const strict = renderError(error)
    // What a handler chose is sent as it is, in either mode.
    if (error.status !== undefined) return strict
    return quirks.find(({ appliesTo }) => appliesTo(error, strict))?.render(error) ?? strict
  }
}

function errorAnswer(code: number, type: string, message: string): Answer {
  return jsonAnswer(code, { code, type, message })
}

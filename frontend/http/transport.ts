import { send } from './answer.ts'
import { announcedBytes, readBody } from './body.ts'
import { isForm, partsFromForm } from './form.ts'

/** All that a dialect may do with a request and its answer, in one object to hand over. */
export const httpTransport = { announcedBytes, readBody, isForm, partsFromForm, send }

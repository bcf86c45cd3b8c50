import type { BatchResponse, ResponsePayload } from '../../contract/messages.ts'
import { tensorToJson } from '../../contract/tensor-to-json.ts'
import { textOf } from '../../contract/text.ts'

/** An answer as a JSON value: JSON as it is, text as a string, tensors by name, other bytes as `{"b64": "…"}`. */
export function jsonFromAnswer(payload: ResponsePayload): string {
  if (payload.kind === 'tensors') {
    const members = payload.tensors.map((tensor) => `${JSON.stringify(tensor.name)}:${tensorToJson(tensor)}`)
    return `{${members.join(',')}}`
  }
  const { contentType = '', bytes } = payload
  if (contentType.startsWith('application/json')) return textOf(bytes)
  if (contentType.startsWith('text/')) return JSON.stringify(textOf(bytes))
  return JSON.stringify({ b64: Buffer.from(bytes).toString('base64') })
}

/** Status and headers for the whole: a status that any of the answers has, and the headers of all. */
export function headOf(answers: readonly BatchResponse[]): Omit<BatchResponse, 'payload'> {
  const status = answers.find((answer) => answer.status !== undefined)?.status
  const headers: Record<string, string> = {}
  for (const answer of answers) Object.assign(headers, answer.headers)
  return {
    ...(status === undefined ? {} : { status }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  }
}

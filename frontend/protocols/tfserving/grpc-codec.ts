import type { TensorsPayload } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import { namedOutputs } from './answers.ts'
import { badRequest, badVersion, noSuchSignatureKey } from './errors.ts'
import {
  DEFAULT_SIGNATURE,
  signatureOf,
  signaturesOf,
  wantedOutputs,
  type Signature,
  type SignatureSource,
} from './signatures.ts'
import { versionFrom } from './targets.ts'
import { tensorFromProto } from './tensor-proto.ts'
import { tensorToProto } from './tensor-proto-writer.ts'

/** A decoded `ModelSpec`. 64-bit integers are decimal digits. */
export type ModelSpec = {
  readonly name: string
  readonly version?: { readonly value: string } | null
  readonly version_label?: string
  readonly signature_name: string
}

/** The entries of a map to messages, each as its bytes. */
type Entries = readonly { readonly key: string; readonly value: Uint8Array }[]

/**
 * A decoded `PredictRequest`. Names as on the wire; the transport has checked the types.
 *
 * Example: `{ model_spec: { name: 'iris', … }, inputs: [{ key: 'x', value: <a TensorProto> }], output_filter: [] }`
 */
export type PredictRequest = {
  readonly model_spec: ModelSpec | null
  readonly inputs: Entries
  readonly output_filter: readonly string[]
}

/** Which model a message means. @throws ServingError `invalid_argument` */
export function selectorFromGrpc(spec: ModelSpec | null | undefined): ModelSelector {
  if (spec === null || spec === undefined)
    throw badRequest('Missing ModelSpec: the field model_spec is required')
  const { name, version, version_label: label } = spec
  if (name === '') throw badRequest('ModelSpec has no name: the field model_spec.name is required')
  if (label !== undefined) return { name, label }
  if (version === undefined || version === null) return { name }
  if (!/^\d+$/.test(version.value)) throw badVersion(version.value)
  return { name, ...versionFrom(version.value) }
}

/** The signature that a message asks for. @throws ServingError `failed_precondition` */
export function signatureFromGrpc(spec: ModelSpec | null, metadata: SignatureSource): Signature {
  const name = spec === null || spec.signature_name === '' ? DEFAULT_SIGNATURE : spec.signature_name
  const signature = signatureOf(metadata, name)
  if (signature !== undefined) return signature
  throw noSuchSignatureKey(
    name,
    signaturesOf(metadata).map((each) => each.name),
  )
}

export type Decoded = {
  /** With the outputs that are wanted only. */
  readonly signature: Signature
  readonly payload: TensorsPayload
  /** Whether an input came raw: the answer is then as well. */
  readonly isRaw: boolean
}

/** @throws ServingError `invalid_argument` naming the input or output, and what is expected */
export function decodePredict(
  { model_spec: spec, inputs, output_filter: filter }: PredictRequest,
  metadata: SignatureSource,
  maxBytes: number,
): Decoded {
  const declared = signatureFromGrpc(spec, metadata)
  const signature = { ...declared, outputs: chosenOutputs(declared, filter) }
  const given = new Map(inputs.map(({ key, value }) => [key, value]))
  checkNames(declared, [...given.keys()])
  let isRaw = false
  const tensors = signature.inputs.map(({ alias, tensor: { name } }): Tensor => {
    const bytes = given.get(alias) ?? new Uint8Array() // checkNames has seen it
    const decoded = tensorFromProto({ name: alias, at: `inputs/${alias}`, maxBytes }, bytes)
    isRaw ||= decoded.isRaw
    return { ...decoded.tensor, name }
  })
  const outputs = wantedOutputs(signature.outputs, metadata)
  return {
    signature,
    isRaw,
    payload: { kind: 'tensors', tensors, ...(outputs === undefined ? {} : { outputs }) },
  }
}

function checkNames({ inputs }: Signature, given: readonly string[]): void {
  const expected = inputs.map(({ alias }) => alias)
  const extra = given.filter((name) => !expected.includes(name))
  const missing = expected.filter((name) => !given.includes(name))
  if (extra.length === 0 && missing.length === 0) return
  throw badRequest(
    `input tensor aliases do not match the signature, which has {${expected.join(', ')}}. Sending extra: {${extra.join(', ')}}. Missing but required: {${missing.join(', ')}}.`,
  )
}

/** Without a filter, all. */
function chosenOutputs({ outputs }: Signature, filter: readonly string[]): Signature['outputs'] {
  if (filter.length === 0) return outputs
  const seen = new Set<string>()
  return filter.map((alias) => {
    if (seen.has(alias)) throw badRequest(`duplicate output tensor alias in output_filter: ${alias}`)
    seen.add(alias)
    const output = outputs.find((each) => each.alias === alias)
    if (output !== undefined) return output
    const known = outputs.map((each) => each.alias).join(', ')
    throw badRequest(
      `output tensor alias not found in signature: ${alias}. Outputs expected to be in the set {${known}}.`,
    )
  })
}

/** The entries of `PredictResponse.outputs`. */
export function encodeOutputs(signature: Signature, tensors: readonly Tensor[], isRaw: boolean): Entries {
  return namedOutputs(signature, tensors).map(({ alias, tensor }) => ({
    key: alias,
    value: tensorToProto(tensor, isRaw),
  }))
}

/** What a message is announced as, for admission. */
export function bytesOf(entries: Entries): number {
  return entries.reduce((sum, { value }) => sum + value.byteLength, 0)
}

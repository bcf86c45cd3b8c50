import { FrameBuilder, frameHeader, frameOf, sectionBytes, type Section } from './frame.ts'
import type { ResponsePiece } from './messages.ts'

/** The head and place of a piece: `{"member":0,"contentType":"text/plain","section":{"offset":0,"byteLength":5}}`. */
type PieceHeader = Omit<ResponsePiece, 'bytes'> & { readonly member: number; readonly section: Section }

/** A piece of the answer of one member of a batch; `member` is its place in the batch. */
export type MemberPiece = { readonly member: number; readonly piece: ResponsePiece }

/** A `piece` frame. The bytes are copied into it. */
export function frameFromPiece(batchId: number, { member, piece }: MemberPiece): Uint8Array<ArrayBuffer> {
  const builder = new FrameBuilder()
  const { bytes, ...head } = piece
  const header: PieceHeader = { member, ...head, section: builder.add(bytes) }
  return builder.build('piece', batchId, header)
}

/** The piece in a `piece` frame. Its bytes are a view of the frame's buffer. */
export function pieceFromFrame(buffer: ArrayBuffer): MemberPiece {
  const { member, section, ...head } = frameHeader(buffer) as PieceHeader // written by frameFromPiece of the same build
  return { member, piece: { ...head, bytes: sectionBytes(buffer, section) } }
}

/** A `cancel` frame: nobody waits for this member of the batch any more. */
export function frameFromCancel(batchId: number, member: number): Uint8Array<ArrayBuffer> {
  return frameOf('cancel', { member }, batchId)
}

export function memberFromCancelFrame(buffer: ArrayBuffer): number {
  return (frameHeader(buffer) as { readonly member: number }).member // written by frameFromCancel of the same build
}

/** Cuts a long message into the pieces in which it travels. They are views of its bytes, shared by all links. */
import type { Frame } from '../ports.ts'
import type { Encoded } from './outbox.ts'

export interface Piece {
  readonly place: { readonly offset: number; readonly totalBytes: number }
  readonly chunks: Frame
}

const cut = new WeakMap<Encoded, readonly Piece[]>()

/**
 * In order; each of `pieceBytes`, the last one of what is left. A message that stays in memory gives the same pieces each
 * time. Those of a stored one are not kept here: they would keep its vector in memory.
 */
export function piecesOf(message: Encoded, pieceBytes: number): readonly Piece[] {
  if (message.stored) return cutUp(message, pieceBytes)
  let pieces = cut.get(message)
  if (pieces === undefined) {
    pieces = cutUp(message, pieceBytes)
    cut.set(message, pieces)
  }
  return pieces
}

function cutUp({ chunks, bytes }: Encoded, pieceBytes: number): readonly Piece[] {
  const pieces: Piece[] = []
  let [index, start] = [0, 0]
  for (let offset = 0; offset < bytes; offset += pieceBytes) {
    const views: Uint8Array[] = []
    for (let missing = Math.min(pieceBytes, bytes - offset); missing > 0; ) {
      const chunk = chunks[index]!
      const view = chunk.subarray(start, start + missing)
      if (view.length > 0) views.push(view)
      missing -= view.length
      start += view.length
      if (start === chunk.length) [index, start] = [index + 1, 0]
    }
    pieces.push({ place: { offset, totalBytes: bytes }, chunks: views })
  }
  return pieces
}

/**
 * What a peer that starts again feeds to its protocol from its journal: what others had sent, and what it has echoed.
 */
import { type Message, slotKey } from '../../agreement/message.ts'
import type { Verifier } from '../signatures/index.ts'
import type { Journal } from './journal-contract.ts'

/**
 * Of vectors that this peer echoed, those that it had received, and the digests of those of which it held the same
 * bytes. So it can give them to others as before. They come from others, so they count only with valid signatures.
 */
export function heardBefore(
  { kept, messages }: Pick<Journal, 'kept' | 'messages'>,
  { accepts }: Pick<Verifier, 'accepts'>,
  self: number,
): readonly Message[] {
  const vectors = kept()
    .filter(message => accepts(message))
    .map(({ slot, sealed }) => ({ kind: 'vector', slot, sealed }) as const)
  const received = new Set(kept().map(({ slot }) => slotKey(slot)))
  const digests = messages().flatMap(message => {
    if (message.kind !== 'echo' || message.slot.sender === self) return []
    if (received.has(slotKey(message.slot)) || !accepts(message)) return []
    return [{ ...message, kind: 'digest' } as const]
  })
  return [...vectors, ...digests]
}

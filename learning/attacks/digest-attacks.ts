/**
 * Attacks on an exchange by digest (docs/attacks.md): digests whose vectors are never given, or not to all, or not these;
 * and requests without end. Where vectors travel whole they do little.
 */
import type { Message } from '../../agreement/message.ts'
import type { Attack, Saying } from './attack.ts'
import { scaled } from './family.ts'
import { messageAttack } from './message-attacks.ts'

const list: readonly Attack[] = [
  /** Signs a digest like no other, and answers nobody who asks for its vector. */
  messageAttack('withhold', 'signed digests and gave no vectors', {
    forge: ({ own }) => scaled(own, -1),
    say: message => (message.kind === 'payload' ? [] : [message]),
  }),
  /** Gives the vector behind its digest to every other peer, the other ones in the next exchange. */
  messageAttack('partial', 'gave its vectors to half of the peers', {
    forge: ({ own }) => scaled(own, -1),
    say: (message, { recipient }) =>
      message.kind === 'payload' && (recipient + message.slot.iteration) % 2 === 0 ? [] : [message],
  }),
  /** Answers with another vector than was asked for: signed for the same slot, or not finite, or too long. */
  messageAttack('swap', 'answered requests with other vectors', {
    forge: ({ own }) => scaled(own, -1),
    say: swap,
  }),
  /** Asks each peer for its vector again and again, and gives vectors that nobody asked for. */
  messageAttack('beg', 'asked for everything again and again', { say: beg }),
]

export const digestAttacks: Readonly<Record<string, Attack>> = Object.fromEntries(
  list.map(attack => [attack.name, attack]),
)

function swap(message: Message, { random, seal }: Saying): readonly Message[] {
  if (message.kind !== 'payload') return [message]
  const { slot, sealed } = message
  const choice = random()
  const other =
    choice < 0.3
      ? scaled(sealed.vector, 2)
      : choice < 0.6
        ? new Float32Array(sealed.vector.length).fill(Number.NaN)
        : new Float32Array(sealed.vector.length + 1)
  // Only a signature of its own proves anything against the liar, so it mostly keeps the one for what was asked.
  return [{ ...message, sealed: choice < 0.3 ? seal(slot, other) : { ...sealed, vector: other } }]
}

/** More than any peer answers. */
const BEGGINGS = 5

function beg(message: Message, { recipient, self }: Saying): readonly Message[] {
  const { slot } = message
  if (slot.sender !== self || (message.kind !== 'digest' && message.kind !== 'vector')) return [message]
  // Peers that agree hold the same vector, so its digest is known.
  const digest = message.kind === 'digest' ? message.digest : message.sealed.digest
  const request: Message = { kind: 'request', slot: { ...slot, sender: recipient }, digest }
  const gift: readonly Message[] =
    message.kind === 'vector' ? [{ kind: 'payload', slot, sealed: message.sealed }] : []
  return [message, ...Array.from({ length: BEGGINGS }, () => request), ...gift]
}

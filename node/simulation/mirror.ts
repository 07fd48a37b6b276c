/**
 * The attack of the counterexamples (protocols.md §2.2), for any dimension: a faulty peer tells everyone just what it
 * holds itself, so that nobody has a reason to move. It needs to know who is who, so it lives here.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Attack } from '../../learning/attacks/attack.ts'

export function mirrorAttack(honest: readonly PeerIndex[]): Attack {
  return {
    name: 'mirror',
    did: 'told each peer what it held itself',
    rushing: true,
    perRecipient: true,
    // All honest vectors are in sight, by author.
    forge: ({ honest: vectors, recipient, own }) =>
      vectors.length === honest.length ? (vectors[honest.indexOf(recipient)] ?? own) : own,
  }
}

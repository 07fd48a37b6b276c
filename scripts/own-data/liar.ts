/** A member that lies: about the statistics first, then about its gradients and parameters. */
import type { Attack } from '../../learning/attacks/attack.ts'

export const attack: Partial<Attack> = {
  name: 'own-data-liar',
  did: 'sent statistics of millions, and then its vectors tenfold with the sign flipped',
  forge({ slot, own }) {
    // Step 1 is the agreement on statistics; asinh of 10^20 is about 47.
    if (slot.step === 1) return own.map((_, i) => (i % 2 === 0 ? 47 : -47))
    return own.map(value => -10 * value)
  },
}

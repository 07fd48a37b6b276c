/**
 * An attack of one's own, for `--attack docs/examples/attack.ts` of `simulate` and `agree`: docs/attacks.md explains
 * it line by line. To half of the peers it sends the honest mean pushed far along the first coordinate, to the other
 * half the opposite; it keeps its votes from every third peer, and now and then repeats a frame.
 */
import type { Attack } from 'concord/learning'

export const attack: Partial<Attack> = {
  name: 'push-apart',
  did: 'pushed two halves of the cohort apart',
  rushing: true,
  perRecipient: true,
  forge({ honest, own, recipient }) {
    const family = honest.length > 0 ? honest : [own]
    const pushed = Float32Array.from(own, (_, i) => family.reduce((sum, v) => sum + v[i]!, 0) / family.length)
    pushed[0]! += recipient % 2 === 0 ? 1000 : -1000
    return pushed
  },
  say(message, { recipient }) {
    const isVote = message.kind === 'echo' || message.kind === 'ready'
    return isVote && recipient % 3 === 0 ? [] : [message]
  },
  wire: (frame, _recipient, random) => (random() < 0.1 ? [frame, frame] : [frame]),
}

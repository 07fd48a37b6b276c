/**
 * Reliable broadcast as honest peers experience it: agreement and integrity at every delivery, validity and totality
 * once the world has settled (Bracha 1987). Under synchrony, with signatures, a faulty author's vector may reach some only.
 */
import type { Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import type { CheckedRun, Checker, Violate } from './checker.ts'

export function createBroadcastChecker(run: CheckedRun, violate: Violate): Checker {
  const { settings, honest } = run
  const { protocol, peers, iterations, synchrony } = settings
  if (!isBroadcastBased(protocol)) return { name: 'reliable broadcast' }
  const place = ({ iteration, sender }: Slot) => iteration * peers + sender
  /** By place: what was delivered first, by anyone. */
  const agreed: (string | undefined)[] = []
  /** By place: what an honest author sealed. */
  const sealed: (string | undefined)[] = []
  const delivered = Array.from({ length: peers }, () => new Set<number>())
  return {
    name: 'reliable broadcast',
    restarted: peer => delivered[peer]!.clear(),
    output(peer, output) {
      if (output.kind === 'sealed') sealed[place(output.slot)] = output.digest
      if (output.kind !== 'delivered') return
      const { slot, digest } = output
      const at = place(slot)
      const what = `peer ${peer} delivered ${digest.slice(0, 8)} of peer ${slot.sender} in iteration ${slot.iteration}`
      if (delivered[peer]!.has(at)) violate(`integrity: ${what}, a second time`)
      delivered[peer]!.add(at)
      const first = agreed[at] ?? digest
      agreed[at] = first
      if (first !== digest) violate(`agreement: ${what}, another peer ${first.slice(0, 8)}`)
    },
    end({ settled, finished }) {
      if (!settled || !finished) return
      for (let at = 0; at < peers * iterations; at++) {
        const author: PeerIndex = at % peers
        const isHonest = honest.includes(author)
        if (isHonest && sealed[at] !== undefined && agreed[at] !== undefined && agreed[at] !== sealed[at])
          violate(`validity: ${nameOf(at, peers)} was delivered as something that its author never sealed`)
        const missing = honest.filter(peer => !delivered[peer]!.has(at))
        if (missing.length === 0 || (synchrony === 'synchronous' && !isHonest)) continue
        // Also where those that delivered it forgot it in a restart: what was delivered once is owed to all.
        if (agreed[at] !== undefined)
          violate(`totality: ${nameOf(at, peers)} was delivered, but not by ${missing.join(', ')}`)
        else if (isHonest && sealed[at] !== undefined)
          violate(`validity: ${nameOf(at, peers)} was never delivered`)
      }
    },
  }
}

function nameOf(at: number, peers: number): string {
  return `the vector of peer ${at % peers} in iteration ${Math.floor(at / peers)}`
}

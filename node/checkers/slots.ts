/** One signed vector for each slot: everything with an honest author's signature names the same digest everywhere. */
import { commitmentsIn } from '../../agreement/message.ts'
import type { CheckedRun, Checker, Violate } from './checker.ts'

export function createSlotChecker({ settings, honest }: CheckedRun, violate: Violate): Checker {
  const isHonest = Array.from({ length: settings.peers }, (_, peer) => honest.includes(peer))
  const digests: (string | undefined)[] = []
  return {
    name: 'one vector a slot',
    received(peer, _from, message) {
      const { slot } = message
      const [commitment] = commitmentsIn(message)
      if (commitment === undefined || !isHonest[slot.sender]) return
      const { digest } = commitment
      const place = slot.iteration * settings.peers + slot.sender
      const first = digests[place] ?? digest
      digests[place] = first
      if (first !== digest)
        violate(
          `peer ${slot.sender} signed ${first.slice(0, 8)} and ${digest.slice(0, 8)} in iteration ${slot.iteration}; peer ${peer} received the second`,
        )
    },
  }
}

/** Checks that no honest peer does anything that another honest peer calls a fault. */
export function createAccusationChecker({ honest }: CheckedRun, violate: Violate): Checker {
  return {
    name: 'accusations',
    accused(observer, peer, kind, detail) {
      if (peer !== null && honest.includes(peer))
        violate(
          `honest peer ${observer} accuses honest peer ${peer} of ${kind}${detail ? `: ${detail}` : ''}`,
        )
    },
  }
}

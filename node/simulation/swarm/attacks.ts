/**
 * Attacks that need to know who is who: the swarm's own. The counterexamples' (docs/papers.md), for any dimension,
 * and the one against the thresholds of reliable broadcast.
 */
import type { Message } from '../../../agreement/message.ts'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { echoThreshold } from '../../../agreement/thresholds.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { type DecodeLimits, decodeLinkFrame, encodeLinkFrame } from '../../codec/index.ts'

export interface Camps {
  readonly peers: number
  readonly maxFaulty: number
  /** Ascending. */
  readonly honest: readonly PeerIndex[]
}

export const swarmAttackNames = ['mirror', 'favour'] as const
type SwarmAttackName = (typeof swarmAttackNames)[number]

const NO_MESSAGES: DecodeLimits = { peers: 0, dimension: 0, stepsMax: 0, iterationsMax: 0 }
/** Behind each frame with messages. */
const RESUMES = 10

/** Follows the protocol, and asks each peer over and over for everything again, as if it knew nothing of its life. */
export function insist(): Attack {
  // What it says itself is taken for its word: in another's epoch each would have the other begin again, for ever.
  let incarnation = 0
  return {
    name: 'insist',
    did: 'asked for everything again, over and over',
    rushing: false,
    perRecipient: false,
    forge: ({ own }) => own,
    wire(frame) {
      if (frame.length === 1) {
        const said = decodeLinkFrame(frame, NO_MESSAGES)
        if ('kind' in said && said.kind === 'resume') incarnation = said.incarnation
        return [frame]
      }
      const resume = {
        kind: 'resume',
        incarnation,
        peerIncarnation: 0,
        received: 0,
        step: 1,
        completeFrom: 1,
        deliversFrom: 1,
      } as const
      return [frame, ...Array.from({ length: RESUMES }, () => encodeLinkFrame(resume))]
    },
  }
}

export function swarmAttack(name: SwarmAttackName, camps: Camps): Attack {
  return name === 'mirror' ? mirror(camps) : favour(camps)
}

/** Tells everyone just what it holds itself, so that nobody has a reason to move. */
function mirror({ honest }: Camps): Attack {
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

/**
 * Brings one honest peer, and no other, to the brink of delivering: the faulty peers' vectors go to just so many that
 * only together with the faulty votes, which only the favourite hears, they make a quorum.
 */
function favour({ peers, maxFaulty, honest }: Camps): Attack {
  const liars = peers - honest.length
  const told = Math.max(1, echoThreshold(peers, maxFaulty) - liars)
  return {
    name: 'favour',
    did: 'voted for the ears of one peer only',
    rushing: false,
    perRecipient: false,
    forge: ({ own }) => own,
    say(message: Message, { recipient }) {
      const { sender, iteration } = message.slot
      const place = honest.indexOf(recipient)
      if (place < 0 || honest.includes(sender)) return [message]
      const distance = (place - (iteration % honest.length) + honest.length) % honest.length
      if (message.kind === 'vector') return distance < told ? [message] : []
      if (message.kind === 'echo' || message.kind === 'ready') return distance === 0 ? [message] : []
      return message.kind === 'payload' ? [] : [message]
    },
  }
}

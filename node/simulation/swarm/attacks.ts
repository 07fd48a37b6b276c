/**
 * The swarm's own attacks, which know which peers are honest: that of the counterexamples (docs/papers.md), for any
 * dimension; one on the thresholds of reliable broadcast; and one on the links.
 */
import type { Message } from '../../../agreement/message.ts'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { echoThreshold } from '../../../agreement/thresholds.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import {
  type DecodeLimits,
  decodeLinkFrame,
  encodeLinkFrame,
  resumeWithoutMemory,
} from '../../codec/index.ts'

export interface Camps {
  readonly peers: number
  readonly maxFaulty: number
  /** Ascending. */
  readonly honest: readonly PeerIndex[]
}

export const swarmAttackNames = ['mirror', 'favour', 'rotate'] as const
type SwarmAttackName = (typeof swarmAttackNames)[number]

const NO_MESSAGES: DecodeLimits = { peers: 0, dimension: 0, stepsMax: 0, iterationsMax: 0 }
/** How many `resume` frames follow each frame with messages. */
const RESUMES = 10

/** Follows the protocol, but asks each peer over and over for everything again, as if it knew nothing. */
export function insist(): Attack {
  // It uses its own incarnation. With another one, the two sides would make each other begin again forever.
  let incarnation = 0
  return {
    name: 'insist',
    did: 'asked for everything again, over and over',
    rushing: false,
    perRecipient: false,
    forge: ({ own }) => own,
    wire(frame) {
      if (frame.length === 1) {
        const sent = decodeLinkFrame(frame, NO_MESSAGES)
        if ('kind' in sent && sent.kind === 'resume') incarnation = sent.incarnation
        return [frame]
      }
      const resume = encodeLinkFrame(resumeWithoutMemory(incarnation))
      return [frame, ...Array.from({ length: RESUMES }, () => resume)]
    },
  }
}

/** Beyond the last step of every world, and not beyond what a header carries. */
const NEVER = 2 ** 31 - 2

/** Speaks to half of the peers, and tells the others that it no longer has what they need, whatever that is. */
export function disclaim(): Attack {
  const isTold = (recipient: PeerIndex) => recipient % 2 === 0
  return {
    name: 'disclaim',
    did: 'claimed that it keeps nothing for others',
    rushing: false,
    perRecipient: false,
    forge: ({ own }) => own,
    say: (message: Message, { recipient }) => (isTold(recipient) ? [] : [message]),
    wire(frame, recipient) {
      if (frame.length !== 1 || !isTold(recipient)) return [frame]
      const sent = decodeLinkFrame(frame, NO_MESSAGES)
      if (!('kind' in sent)) return [frame]
      if (sent.kind === 'ack') return [encodeLinkFrame({ ...sent, deliversFrom: NEVER })]
      if (sent.kind !== 'resume') return [frame]
      return [encodeLinkFrame({ ...sent, completeFrom: NEVER, deliversFrom: NEVER })]
    },
  }
}

/** Follows the protocol, but speaks in each exchange to one peer only, another one each time, and to that one at once. */
export function confide(peers: number): Attack {
  return {
    name: 'confide',
    did: 'spoke to one peer only',
    rushing: true,
    perRecipient: false,
    forge: ({ own }) => own,
    say(message: Message, { recipient }) {
      const { step, phase, iteration } = message.slot
      const turn = 2 * step + (phase === 'gradient' ? 0 : 1) + iteration
      return recipient === (3 * turn) % peers ? [message] : []
    },
  }
}

/** Follows the protocol, but never says a word to the last f honest peers: the others can do without these. */
export function desert({ honest, maxFaulty }: Camps): Attack {
  const left = honest.slice(honest.length - maxFaulty)
  return {
    name: 'desert',
    did: 'spoke to all but a few',
    rushing: true,
    perRecipient: false,
    forge: ({ own }) => own,
    say: (message: Message, { recipient }) => (left.includes(recipient) ? [] : [message]),
  }
}

/** As `mirror`, but everything comes just before or after the end of a synchronous round, so that some hear it in time. */
export function procrastinate(camps: Camps, delayMs: number): Attack {
  return { ...mirror(camps), name: 'procrastinate', did: 'spoke at the last moment', delayMs }
}

export function swarmAttack(name: SwarmAttackName, camps: Camps): Attack {
  const made = { mirror, favour, rotate }
  return made[name](camps)
}

/**
 * In each exchange other ones of the faulty peers lie, by turns: half of them tell each peer its own vector, or, where that
 * is not known, the opposite of theirs; one says nothing. The rest follow the protocol, so that a peer that was caught or
 * missed in one exchange is blameless in the next.
 */
export function rotate(camps: Camps): Attack {
  const { peers, honest } = camps
  const liars = Array.from({ length: peers }, (_, peer) => peer).filter(peer => !honest.includes(peer))
  const lie = mirror(camps)
  return {
    ...lie,
    name: 'rotate',
    did: 'lied by turns',
    forge(sight) {
      const { step, phase, iteration, sender } = sight.slot
      const exchange = 2 * step + (phase === 'gradient' ? 0 : 1) + iteration
      const turn = (liars.indexOf(sender) + exchange) % (liars.length + 1)
      if (turn === 0) return null
      if (2 * turn > liars.length + 1) return sight.own
      return sight.honest.length === honest.length ? lie.forge(sight) : sight.own.map(value => -value)
    },
  }
}

/** Tells each peer the vector that this peer holds itself, so that no peer has a reason to move. */
function mirror({ honest }: Camps): Attack {
  return {
    name: 'mirror',
    did: 'sent each peer its own vector',
    rushing: true,
    perRecipient: true,
    // The adversary sees all honest vectors, by author.
    forge: ({ honest: vectors, recipient, own }) =>
      vectors.length === honest.length ? (vectors[honest.indexOf(recipient)] ?? own) : own,
  }
}

/**
 * Brings one honest peer, and no other, to the brink of delivering. The faulty peers send their vectors to so many
 * peers that their echoes make a quorum only together with the faulty votes, and only the favourite gets these.
 */
function favour({ peers, maxFaulty, honest }: Camps): Attack {
  const liars = peers - honest.length
  const recipients = Math.max(1, echoThreshold(peers, maxFaulty) - liars)
  return {
    name: 'favour',
    did: 'sent votes to one peer only',
    rushing: false,
    perRecipient: false,
    forge: ({ own }) => own,
    say(message: Message, { recipient }) {
      const { sender, iteration } = message.slot
      const place = honest.indexOf(recipient)
      if (place < 0 || honest.includes(sender)) return [message]
      const distance = (place - (iteration % honest.length) + honest.length) % honest.length
      if (message.kind === 'vector' || message.kind === 'digest')
        return distance < recipients ? [message] : []
      if (message.kind === 'echo' || message.kind === 'ready') return distance === 0 ? [message] : []
      return message.kind === 'payload' ? [] : [message]
    },
  }
}

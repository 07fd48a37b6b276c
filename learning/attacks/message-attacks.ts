/**
 * Attacks on messages and frames (docs/attacks.md): omission, crash, stale replay, far-future rounds,
 * forged and missing signatures, lying votes and reports, refused payloads, oversize and malformed frames, slow drip.
 */
import { type Digest, type Message, type Slot, slotKey } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack, Saying, Sight, WireFrame } from './attack.ts'
import { scaled } from './family.ts'

type MessageAttack = Partial<Pick<Attack, 'say' | 'wire' | 'delayMs' | 'forge' | 'perRecipient'>>

/** An attack that sends honest vectors except where `parts` say otherwise. */
export function messageAttack(name: string, did: string, parts: MessageAttack): Attack {
  return { name, did, rushing: false, perRecipient: false, forge: ({ own }) => own, ...parts }
}

const list: readonly Attack[] = [
  /** Stops in the middle of a sentence: some peers have its vector, others never will. */
  messageAttack('crash', 'went silent in the middle of a broadcast', {
    say: (message, { count, peers }) => (count < 3.5 * peers ? [message] : []),
  }),
  /** Every other peer hears nothing from it; the next exchange spares those and silences the rest. */
  messageAttack('omit', 'kept half of its messages to itself', {
    say: (message, { recipient }) => ((recipient + message.slot.iteration) % 2 === 0 ? [message] : []),
  }),
  /** Repeats old messages, unchanged and under a new slot. */
  messageAttack('replay', 'repeated old messages', { say: replay }),
  /** Sends messages for iterations and steps that nobody has reached, and for some that will never exist. */
  messageAttack('future', 'sent messages for rounds far ahead', { say: foretell }),
  /** Speaks in the names of others, and without a valid signature in its own. */
  messageAttack('forge', 'sent forged and unsigned messages', { say: forge }),
  /**
   * Sends two versions of its vector, votes for the version that the listener has, and reports of vectors that nobody
   * delivered.
   */
  messageAttack('lie', 'told each peer what it wanted to hear', {
    perRecipient: true,
    forge: twoFaced,
    say: lie,
  }),
  /** Sends its vector to the first half only, and answers no request for this or any other vector. */
  messageAttack('refuse', 'kept vectors back and answered no requests', { say: refuse }),
  messageAttack('slow', 'sent everything three seconds late', { delayMs: 3000 }),
  messageAttack('malformed', 'sent broken frames among good ones', { wire: garble }),
  messageAttack('oversize', 'sent frames beyond every limit', { wire: bloat }),
]

export const messageAttacks: Readonly<Record<string, Attack>> = Object.fromEntries(
  list.map(attack => [attack.name, attack]),
)

function replay(message: Message, { said, random }: Saying): readonly Message[] {
  const old = said[Math.floor(random() * said.length)]
  if (old === undefined) return [message]
  return [message, old, { ...old, slot: message.slot }]
}

/** Far beyond any cohort's last step, but still within what a header can carry. */
const FAR_STEP = 2 ** 31 - 2

function foretell(message: Message, { seal, self }: Saying): readonly Message[] {
  const { slot } = message
  const ahead = (change: Partial<Slot>): Message => {
    const later = { ...slot, ...change }
    if (message.kind !== 'vector') return { ...message, slot: later }
    return later.sender === self
      ? { ...message, slot: later, sealed: seal(later, message.sealed.vector) }
      : { ...message, slot: later }
  }
  return [
    message,
    ahead({ iteration: slot.iteration + 1 }),
    ahead({ iteration: slot.iteration + 1_000_000 }),
    ahead({ step: FAR_STEP }),
  ]
}

function forge(message: Message, { self, peers, recipient }: Saying): readonly Message[] {
  const victim = (self + 1) % peers
  const slot = { ...message.slot, sender: victim }
  if (message.kind !== 'vector') return [message, { ...message, slot }]
  const unsigned = { ...message, sealed: { ...message.sealed, signature: new Uint8Array(0) } }
  const { digest, signature } = message.sealed
  return [
    recipient % 2 === 0 ? unsigned : message,
    { kind: 'vector', slot, sealed: message.sealed },
    { kind: 'echo', slot, digest, signature },
    { kind: 'payload', slot, sealed: message.sealed },
  ]
}

/** `g` for even recipients and `−g` for odd ones, the other way round in every second exchange. */
function twoFaced({ own, recipient, slot }: Sight): Vector {
  return scaled(own, (recipient + slot.iteration) % 2 === 0 ? 1 : -1)
}

/** The faulty peers know which version each recipient got from each of them, and vote for that one. */
function lie(message: Message, { recipient, shared, peers }: Saying): readonly Message[] {
  const { slot } = message
  const key = `${slotKey(slot)} ${recipient}`
  switch (message.kind) {
    case 'vector': {
      const { digest, signature } = message.sealed
      shared.set(key, { digest, signature })
      return [message, { kind: 'echo', slot, digest, signature }, { kind: 'ready', slot, digest }]
    }
    case 'digest': {
      const { digest, signature } = message
      shared.set(key, { digest, signature })
      return [message, { kind: 'echo', slot, digest, signature }, { kind: 'ready', slot, digest }]
    }
    case 'echo':
    case 'ready': {
      const told = shared.get(key) as { digest: Digest; signature: Uint8Array } | undefined
      return [told === undefined ? message : { ...message, ...told }]
    }
    case 'report':
      return [{ ...message, peers: Array.from({ length: peers }, (_, peer) => peer) }]
    default:
      return [message]
  }
}

function refuse(message: Message, { recipient, peers }: Saying): readonly Message[] {
  if (message.kind === 'payload') return []
  return message.kind === 'vector' && recipient >= peers / 2 ? [] : [message]
}

/** The frame, and then a copy of it that is cut short, has a flipped bit, or is noise. */
function garble(frame: WireFrame, _recipient: number, random: () => number): readonly WireFrame[] {
  const head = frame[0]?.slice() ?? new Uint8Array(1)
  const place = Math.floor(random() * head.length)
  const choice = random()
  if (choice < 0.3) return [frame, [head.subarray(0, place)]]
  if (choice < 0.6) return [frame, [Uint8Array.from(head, () => Math.floor(256 * random()))]]
  // A frame with a flipped bit may still be readable: then it says something else in this peer's name.
  head[place] = head[place]! ^ (1 << Math.floor(8 * random()))
  return [frame, [head, ...frame.slice(1)]]
}

const BLOAT = new Uint8Array(2 ** 20)

function bloat(frame: WireFrame, _recipient: number, random: () => number): readonly WireFrame[] {
  if (random() < 0.9) return [frame]
  return [frame, [...Array.from({ length: 8 }, () => frame).flat(), BLOAT]]
}

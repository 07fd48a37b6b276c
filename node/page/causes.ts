/**
 * Why a message was sent. An echo answers a vector, a ready the votes on its slot, a report what was delivered in its
 * exchange, and a payload a request: so the cause is the last of these that had arrived at the sender by then.
 */
import type { Message, MessageKind, Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { phaseIndex, slotKey } from './recorder.ts'

interface Arrival {
  readonly ms: number
  readonly kind: MessageKind
  readonly number: number
}

export interface Causes {
  arrived(to: PeerIndex, message: Message, arrival: { readonly ms: number; readonly number: number }): void
  /** Undefined: this message's kind does not say what caused it. */
  of(from: PeerIndex, message: Message, sentMs: number): number | null | undefined
}

/** What may cause a message of this kind. */
const causing: { readonly [Kind in MessageKind]?: readonly MessageKind[] } = {
  echo: ['vector', 'digest', 'payload'],
  ready: ['echo', 'ready'],
  report: ['ready'],
  payload: ['request'],
}
const causes: ReadonlySet<MessageKind> = new Set(Object.values(causing).flat())

/** Slots of which it is remembered what arrived, for each peer. */
const SLOTS_MAX = 1000

export function createCauses(peers: number): Causes {
  const known = Array.from({ length: peers }, () => new Map<number, Arrival[]>())
  const remember = (to: PeerIndex, key: number, arrival: Arrival) => {
    const slots = known[to]!
    const arrivals = slots.get(key)
    if (arrivals !== undefined) return void arrivals.push(arrival)
    slots.set(key, [arrival])
    if (slots.size > SLOTS_MAX) slots.delete(slots.keys().next().value!)
  }
  return {
    arrived(to, { kind, slot }, { ms, number }) {
      if (!causes.has(kind)) return
      remember(to, keyOf(slot, slot.sender), { kind, ms, number })
      if (kind === 'ready') remember(to, keyOf(slot, ANYBODY), { kind, ms, number })
    },
    of(from, { kind, slot }, sentMs) {
      const kinds = causing[kind]
      // An author's own echo goes out with its vector.
      if (kinds === undefined || (kind === 'echo' && slot.sender === from)) return undefined
      const key = keyOf(slot, kind === 'report' ? ANYBODY : slot.sender)
      const cause = known[from]!.get(key)?.findLast(each => each.ms <= sentMs && kinds.includes(each.kind))
      return cause?.number ?? null
    },
  }
}

/** In place of a sender: any. */
const ANYBODY = 1023

function keyOf({ step, phase, iteration }: Slot, sender: PeerIndex): number {
  return slotKey(step, phaseIndex[phase], iteration, sender)
}

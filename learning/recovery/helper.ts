/**
 * What a peer does for others that catch up (recovery.ts): says where it stands, and gives its parameters of a step.
 * Each is answered so often, and then it is a fault.
 */
import { isLater, type Message, type Seen, type Slot } from '../../agreement/message.ts'
import type { Envelope, Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { RecoveryOptions } from './contract.ts'

/**
 * Questions that one incarnation of a peer is answered while this one stands at a step: what an honest peer may ask, and few
 * enough that whoever asks all the time gets little for it. A position costs 100 bytes, θ_s all of θ.
 */
const ANSWERS_MAX = { query: 64, fetch: 8 } as const

type Question = Extract<Message, { kind: keyof typeof ANSWERS_MAX }>

export interface Helper {
  /** This peer has come to a step: whoever waits for its parameters gets them. */
  reached(step: number, parameters: Vector): readonly Envelope[]
  /** A vector of another peer was received from itself. */
  saw(from: PeerIndex, seen: Seen): void
  /** This peer may ask again: it is another incarnation that does. */
  restarted(peer: PeerIndex): void
  /** What this peer says is complete from this step on: of those before it says nothing any more. */
  setCompleteFrom(step: number): void
  completeFrom(): number
  /** The answer, now or when this peer comes to the step; a fault where it was asked too often. */
  answer(from: PeerIndex, question: Question): Envelope | Fault | null
}

interface State {
  readonly options: HelperOptions
  /** Own parameters by step, ascending. */
  readonly history: Map<number, Vector>
  readonly seen: Map<PeerIndex, Seen>
  /** Answers given at this step. */
  readonly given: Record<Question['kind'], Map<PeerIndex, number>>
  /** Who waits for the parameters of which step. */
  readonly waiting: Map<PeerIndex, number>
  step: number
  completeFrom: number
}

type HelperOptions = Pick<
  RecoveryOptions,
  'self' | 'step' | 'kept' | 'completeFrom' | 'history' | 'ledger' | 'seen'
>

export function createHelper(options: HelperOptions): Helper {
  const state: State = {
    options,
    history: new Map(options.history),
    seen: new Map(options.seen?.map(seen => [seen.slot.sender, seen])),
    waiting: new Map(),
    given: { query: new Map(), fetch: new Map() },
    step: options.step,
    completeFrom: options.completeFrom,
  }
  const { history, seen, given, waiting } = state
  return {
    reached(step, parameters) {
      state.step = step
      for (const counts of Object.values(given)) counts.clear()
      history.set(step, parameters)
      for (const old of history.keys()) if (old < step - options.kept) history.delete(old)
      return [...waiting].flatMap(([peer, wanted]) => serve(state, peer, wanted) ?? [])
    },
    saw(from, newest) {
      const before = seen.get(from)
      if (before === undefined || isLater(newest.slot, before.slot)) seen.set(from, newest)
    },
    restarted(peer) {
      for (const counts of Object.values(given)) counts.delete(peer)
    },
    setCompleteFrom(step) {
      state.completeFrom = step
    },
    completeFrom: () => state.completeFrom,
    answer(from, { kind, slot }) {
      const count = (given[kind].get(from) ?? 0) + 1
      given[kind].set(from, count)
      if (count > ANSWERS_MAX[kind]) return { peer: from, kind: 'excessive-requests', slot }
      return kind === 'query' ? positionFor(state, from) : serve(state, from, slot.step)
    },
  }
}

function positionFor({ options, history, seen, step, completeFrom }: State, to: PeerIndex): Envelope {
  const oldest = history.keys().next().value ?? step
  const slot = slotAt(options.self, step)
  return { to, message: { kind: 'position', slot, oldest, completeFrom, seen: seen.get(to) ?? null } }
}

/** θ_s now, or when this peer comes to s; where s is long past, or was left out, where it stands instead. */
function serve(state: State, to: PeerIndex, step: number): Envelope | null {
  const { options, history, waiting } = state
  const parameters = history.get(step)
  if (parameters === undefined && step > state.step) {
    waiting.set(to, step)
    return null
  }
  waiting.delete(to)
  if (parameters === undefined) return positionFor(state, to)
  const slot = slotAt(options.self, step)
  return { to, message: { kind: 'vector', slot, sealed: options.ledger.seal(slot, parameters) } }
}

/** Catching up is outside the steps' exchanges. */
export function slotAt(sender: PeerIndex, step: number): Slot {
  return { step, phase: 'state', iteration: 0, sender }
}

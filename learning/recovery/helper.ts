/**
 * What a peer does for others that catch up (recovery.ts): it says where it stands, and gives its parameters of a
 * step. The number of answers is limited; a further question is a fault.
 */
import { isLater, type Message, type Seen, type Slot } from '../../agreement/message.ts'
import type { Envelope, Fault, PeerIndex } from '../../agreement/protocol.ts'
import { ANSWERED_INCARNATIONS } from '../../agreement/requests.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { RecoveryOptions } from './contract.ts'

/**
 * How many questions of one incarnation of a peer are answered while this peer stands at a step: as many as an honest
 * peer may ask, and so few that a peer gains little by asking all the time. A position costs 100 bytes; θ_s costs as
 * much as θ.
 */
const ANSWERS_MAX = { query: 64, fetch: 8 } as const

type Question = Extract<Message, { kind: keyof typeof ANSWERS_MAX }>

export interface Helper {
  /** This peer has reached a step. Its parameters go to the peers that wait for them. */
  reached(step: number, parameters: Vector): readonly Envelope[]
  /** A peer has sent a vector of its own. */
  saw(from: PeerIndex, seen: Seen): void
  /** A new incarnation of this peer may ask as often as the one before. */
  restarted(peer: PeerIndex): void
  /** This peer's messages are complete from this step on: it says nothing more in earlier ones. */
  setCompleteFrom(step: number): void
  completeFrom(): number
  /** The answer; null where it comes only once this peer reaches the step; a fault where it was asked too often. */
  answer(from: PeerIndex, question: Question): Envelope | Fault | null
}

interface State {
  readonly options: HelperOptions
  readonly seen: Map<PeerIndex, Seen>
  /** Answers given at this step. */
  readonly given: Record<Question['kind'], Map<PeerIndex, number>>
  /** The peers that wait for parameters, and the step that each waits for. */
  readonly waiting: Map<PeerIndex, number>
  /** How often a peer has begun anew since it last sent a vector of a later step. */
  readonly restarts: Map<PeerIndex, number>
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
    seen: new Map(options.seen?.map(seen => [seen.slot.sender, seen])),
    waiting: new Map(),
    restarts: new Map(),
    given: { query: new Map(), fetch: new Map() },
    step: options.step,
    completeFrom: options.completeFrom,
  }
  const { seen, given, waiting, restarts } = state
  const { history } = options
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
      if (before !== undefined && !isLater(newest.slot, before.slot)) return
      seen.set(from, newest)
      if (newest.slot.step > (before?.slot.step ?? 0)) restarts.delete(from)
    },
    restarted(peer) {
      for (const counts of Object.values(given)) counts.delete(peer)
      restarts.set(peer, (restarts.get(peer) ?? 0) + 1)
    },
    setCompleteFrom(step) {
      state.completeFrom = step
    },
    completeFrom: () => state.completeFrom,
    answer(from, { kind, slot }) {
      const count = (given[kind].get(from) ?? 0) + 1
      given[kind].set(from, count)
      if (count > ANSWERS_MAX[kind]) return { peer: from, kind: 'excessive-requests', slot }
      return kind === 'query' ? positionFor(state, from, slot.step) : serve(state, from, slot.step)
    },
  }
}

/** @param at the step of the peer that asks */
function positionFor({ options, seen, restarts, ...here }: State, to: PeerIndex, at: number): Envelope {
  const { step } = here
  const oldest = Math.min(step, ...options.history.keys())
  const slot = slotAt(options.self, step)
  // The agreements may give it nothing more of what it asks for: it has to go on elsewhere.
  const isSpent = at < step && (restarts.get(to) ?? 0) >= ANSWERED_INCARNATIONS
  const completeFrom = isSpent ? Math.max(here.completeFrom, at + 1) : here.completeFrom
  return { to, message: { kind: 'position', slot, oldest, completeFrom, seen: seen.get(to) ?? null } }
}

/** θ_s, now or once this peer reaches s. Where s is long past, or was skipped, the answer is this peer's position. */
function serve(state: State, to: PeerIndex, step: number): Envelope | null {
  const { options, waiting } = state
  const parameters = options.history.get(step)
  if (parameters === undefined && step > state.step) {
    waiting.set(to, step)
    return null
  }
  waiting.delete(to)
  if (parameters === undefined) return positionFor(state, to, step)
  const slot = slotAt(options.self, step)
  return { to, message: { kind: 'vector', slot, sealed: options.ledger.seal(slot, parameters) } }
}

/** The slot of a message about catching up, which is outside the steps' exchanges. */
export function slotAt(sender: PeerIndex, step: number): Slot {
  return { step, phase: 'state', iteration: 0, sender }
}

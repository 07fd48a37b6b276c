/** The states of recovery, what each one holds, and the valid transitions between them. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Position } from './positions.ts'

/** What a peer knows of what it signed before. */
export type Memory =
  /** All of it. */
  | 'whole'
  /** All that its storage holds. That may be an older copy, and only the others can tell. It says nothing that binds it. */
  | 'unconfirmed'
  /** Nothing, if there was anything. It says nothing that binds it until it has found its place. */
  | 'lost'

/** The question where the others are. A peer that asks again begins a new one. */
export interface Question {
  /** The step at which it was asked. */
  readonly step: number
  readonly memory: Memory
  /** It is already certain that this peer cannot go on where it stands. */
  readonly isBehind: boolean
  readonly positions: Map<PeerIndex, Position>
  /** This peer has decided to stay. A later answer can still show it a better place. */
  readonly settled: boolean
}

export type RecoveryState =
  /** It takes part in the steps, and there is no sign against it. */
  | { readonly name: 'joined' }
  /** It takes part, but there is a sign that the others have gone on without it. Null: it has not asked them yet. */
  | { readonly name: 'suspecting'; readonly question: Question | null }
  /** It has started, or has to leave its step, and asks where the others are. */
  | { readonly name: 'locating'; readonly question: Question }
  /** It has chosen the step to join at, and collects the others' parameters of that step. */
  | {
      readonly name: 'fetching'
      readonly question: Question
      readonly target: number
      /** How many steps it has chosen since it asked, this one included. */
      readonly choices: number
      readonly answers: Map<PeerIndex, Vector>
    }
  /** It takes part in this step's agreement on parameters, without a vector of its own. */
  | { readonly name: 'listening'; readonly step: number }

export type StateName = RecoveryState['name']

/** The valid transitions. A state that follows itself begins anew, with another question or another step to fetch. */
export const transitions: Readonly<Record<StateName, readonly StateName[]>> = {
  joined: [
    'suspecting', // a sign
    'locating', // it starts; more than f can no longer serve it; or its memory is shown to be an older copy
  ],
  suspecting: [
    'joined', // the step ended, the sign has gone, or the others say that it may stay
    'suspecting', // it asks for the first time, or again
    'locating', // more than f can no longer serve it, or its memory is shown to be an older copy
    'fetching', // more than f say that they no longer take part in its step
    'listening', // the same, in RB-TM at its bound; or it may stay in the agreement that it listens to
  ],
  locating: [
    'joined', // it is new, as are all; its memory is confirmed; the others are no further; or it has come further by itself
    'suspecting', // RB-TM at its bound: the answers so far speak for staying
    'locating', // it asks again, or its memory is shown to be an older copy
    'fetching', // it has chosen
    'listening', // the same, in RB-TM at its bound
  ],
  fetching: [
    'joined', // it has the parameters, or has come as far by itself
    'suspecting', // it has reached another step by itself, and asks again
    'locating', // it asks again
    'fetching', // too few still hold that step, so it chooses another
  ],
  listening: [
    'joined', // the agreement ended
    'suspecting', // a sign
    'locating', // more than f can no longer serve it, or its memory is shown to be an older copy
  ],
}

/** Returns the next state. An invalid transition throws: it is a defect of the machine, not of its input. */
export function follow(from: RecoveryState, to: RecoveryState): RecoveryState {
  if (transitions[from.name].includes(to.name)) return to
  throw new Error(`recovery cannot go from ${from.name} to ${to.name}`)
}

/** The open question; null where there is none. */
export function openQuestion(state: RecoveryState): Question | null {
  const question = 'question' in state ? state.question : null
  return question?.settled ? null : question
}

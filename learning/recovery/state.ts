/** The states of recovery, what each knows, and which may follow which. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Position } from './positions.ts'

/** What a peer knows of what it signed before. */
export type Memory =
  /** All of it. */
  | 'whole'
  /** All that its storage holds, which may be an older copy: only the others can tell. It says nothing that binds it. */
  | 'unconfirmed'
  /** Nothing, if there was anything. It says nothing that binds it until it has found its place. */
  | 'lost'

/** Where are the others? Asked once; whoever asks again begins a new one. */
export interface Question {
  /** The step at which it was asked. */
  readonly step: number
  readonly memory: Memory
  /** It is certain already that this peer cannot go on where it stands. */
  readonly isBehind: boolean
  readonly positions: Map<PeerIndex, Position>
  /** This peer goes on where it is, whatever else is said; it may only be told that there is a better place. */
  readonly settled: boolean
}

export type RecoveryState =
  /** It takes part in the steps, and nothing speaks against it. */
  | { readonly name: 'joined' }
  /** It takes part, but there is a sign that the others have gone on without it. Null: it has not asked them yet. */
  | { readonly name: 'suspecting'; readonly question: Question | null }
  /** It has started, or has to go elsewhere, and asks where the others are. */
  | { readonly name: 'locating'; readonly question: Question }
  /** It has chosen the step to join at, and gathers the others' parameters of it. */
  | {
      readonly name: 'fetching'
      readonly question: Question
      readonly target: number
      /** Steps that it has chosen since it asked, this one included. */
      readonly choices: number
      readonly answers: Map<PeerIndex, Vector>
    }
  /** It takes part in this step's agreement on parameters, without a vector of its own. */
  | { readonly name: 'listening'; readonly step: number }

export type StateName = RecoveryState['name']

/** What may follow; a state that follows itself has begun anew, with another question or another step to fetch. */
export const transitions: Readonly<Record<StateName, readonly StateName[]>> = {
  joined: [
    'suspecting', // a sign
    'locating', // it starts; more than f can no longer serve it; or its memory is shown to be an older copy
  ],
  suspecting: [
    'joined', // the step ended, the sign has gone, or the others say that it may stay
    'suspecting', // it asks, or asks again
    'locating', // more than f can no longer serve it, or its memory is shown to be an older copy
    'fetching', // more than f say that they have no part in its step
    'listening', // the same, in RB-TM at its bound; or it may stay in the agreement that it listens to
  ],
  locating: [
    'joined', // it is new, as all are; its memory is confirmed; the others are no further; or it has come further
    'suspecting', // RB-TM at its bound: what was said so far speaks for staying
    'locating', // it asks again, or its memory is shown to be an older copy
    'fetching', // it has chosen
    'listening', // the same, in RB-TM at its bound
  ],
  fetching: [
    'joined', // the parameters are there; or it has come as far by itself
    'suspecting', // it asks again, having come to another step by itself
    'locating', // the same two
    'fetching', // too few still hold that step: another one
  ],
  listening: [
    'joined', // the agreement ended
    'suspecting', // a sign
    'locating', // more than f can no longer serve it, or its memory is shown to be an older copy
  ],
}

/** The state that follows. Throws where it may not: that is a defect of the machine, whatever it was told. */
export function follow(from: RecoveryState, to: RecoveryState): RecoveryState {
  if (transitions[from.name].includes(to.name)) return to
  throw new Error(`recovery cannot go from ${from.name} to ${to.name}`)
}

/** The question that is open; null where none is. */
export function openQuestion(state: RecoveryState): Question | null {
  const question = 'question' in state ? state.question : null
  return question?.settled ? null : question
}

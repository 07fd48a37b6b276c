/** The errors of a peer that cannot be started as asked. */
import { CodedError } from '../../agreement/error.ts'

/**
 * `not-a-member`: no member of this cohort has this identity. `wrong-start`: the cohort starts from another checkpoint.
 * `option-missing`, `option-clash`: options that lack another one, or contradict it. `data-changed`: the member's own data
 * is not what it first joined with. `metrics-address`: a server cannot listen there. `stopped`: the peer was stopped before
 * it had learnt. `diverged`: the learning has left the finite numbers; until it is stopped, the peer still serves the
 * others.
 */
export type PeerErrorCode =
  | 'not-a-member'
  | 'wrong-start'
  | 'option-missing'
  | 'option-clash'
  | 'data-changed'
  | 'metrics-address'
  | 'stopped'
  | 'diverged'

/** A peer that cannot be started as asked, or was stopped. If an option is wrong, the message begins with its name. */
export class PeerError extends CodedError<PeerErrorCode> {
  override readonly name = 'PeerError'
}

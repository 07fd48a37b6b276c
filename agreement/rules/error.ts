/** The named error of every rule: our caller's misuse, told so that it can be put right. */
import { CodedError } from '../error.ts'

/** What was wrong with the input of a rule. */
export type RuleErrorCode =
  /** No vectors at all. */
  | 'empty-input'
  /** The vectors do not all have one length. */
  | 'unequal-lengths'
  /** A NaN or an infinity in a vector. */
  | 'not-finite'
  /** `faults` is no count, or more than the rule stands with this many vectors. */
  | 'too-many-faults'
  /** Any other parameter outside what the rule takes. */
  | 'bad-parameter'
  /** No rule has this name. */
  | 'unknown-rule'
  /** An exact search passed its stated limit of work. */
  | 'work-limit'

/** A rule was given what it cannot work on; the message says what, where, and what would be right. */
export class RuleError extends CodedError<RuleErrorCode> {
  override readonly name = 'RuleError'
}

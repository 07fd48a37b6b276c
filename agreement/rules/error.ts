/** The named error of every rule: the caller's misuse, described so that the caller can correct it. */
import { CodedError } from '../error.ts'

/** What was wrong with the input of a rule. */
export type RuleErrorCode =
  /** No vectors at all. */
  | 'empty-input'
  /** The vectors do not all have one length. */
  | 'unequal-lengths'
  /** A NaN or an infinity in a vector. */
  | 'not-finite'
  /** `faults` is not a count, or more than the rule tolerates with this many vectors. */
  | 'too-many-faults'
  /** Any other parameter outside what the rule takes. */
  | 'bad-parameter'
  /** No rule has this name. */
  | 'unknown-rule'
  /** An exact search passed its stated limit of work. */
  | 'work-limit'

/** A rule cannot work on its input; the message says what is wrong, where, and what would be right. */
export class RuleError extends CodedError<RuleErrorCode> {
  override readonly name = 'RuleError'
}

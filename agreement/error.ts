/** The shape of the named errors of all parts. */

/**
 * An error with a code for programs and a message for people, which says what was wrong, where, and what would be
 * right.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

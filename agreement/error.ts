/** What the named errors of all parts share. */

/** An error that programs tell apart by its code and people by its message: what was wrong, where, what would be right. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

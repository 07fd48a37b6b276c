/** What is wrong with a file that a person named: which file, what was found, what would be right. */
export type FileErrorCode = 'unreadable' | 'unknown-format' | 'malformed' | 'unsupported' | 'mismatch'

export class FileError extends Error {
  override readonly name = 'FileError'
  readonly code: FileErrorCode

  constructor(code: FileErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

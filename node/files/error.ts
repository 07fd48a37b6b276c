/** Errors of a file that a user named: the file, what was found, and what would be right. */
import { CodedError } from '../../agreement/error.ts'

type FileErrorCode =
  | 'unreadable'
  | 'unknown-format'
  | 'malformed'
  | 'unsupported'
  | 'mismatch'
  /** There is a link, a device or a pipe instead of a file. */
  | 'not-a-file'
  /** A named pipe that nobody reads. */
  | 'no-reader'

export class FileError extends CodedError<FileErrorCode> {
  override readonly name = 'FileError'
}

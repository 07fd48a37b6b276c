/** What is wrong with a file that a person named: which file, what was found, what would be right. */
import { CodedError } from '../../agreement/error.ts'

type FileErrorCode =
  | 'unreadable'
  | 'unknown-format'
  | 'malformed'
  | 'unsupported'
  | 'mismatch'
  /** A link, a device or a pipe stands where a file belongs. */
  | 'not-a-file'
  /** A named pipe that nobody has open for reading. */
  | 'no-reader'

export class FileError extends CodedError<FileErrorCode> {
  override readonly name = 'FileError'
}

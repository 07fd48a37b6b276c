/** What is wrong with a file that a person named: which file, what was found, what would be right. */
import { CodedError } from '../../agreement/error.ts'

export type FileErrorCode = 'unreadable' | 'unknown-format' | 'malformed' | 'unsupported' | 'mismatch'

export class FileError extends CodedError<FileErrorCode> {
  override readonly name = 'FileError'
}

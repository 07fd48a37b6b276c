/** What goes wrong with a peer's files, for people. */
import { CodedError } from '../../agreement/error.ts'
export type StorageErrorCode = 'storage-locked' | 'storage-foreign' | 'storage-failed' | 'storage-closed'

export class StorageError extends CodedError<StorageErrorCode> {
  override readonly name = 'StorageError'
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

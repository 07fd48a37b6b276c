/** Errors of a peer's files, for people. */
import { CodedError } from '../../agreement/error.ts'

/** Why a peer's log cannot be used. */
export type StorageErrorCode =
  | 'storage-locked'
  | 'storage-foreign'
  /** Written by an earlier version of this program. */
  | 'storage-outdated'
  /** The disk returned something else than was written. */
  | 'storage-damaged'
  /** Others may write to the directory. */
  | 'storage-unsafe'
  | 'storage-failed'
  | 'storage-closed'

/** A log that cannot be used, with what to do in its message. */
export class StorageError extends CodedError<StorageErrorCode> {
  override readonly name = 'StorageError'
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

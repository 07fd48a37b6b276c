/** What goes wrong with a peer's files, for people. */
export type StorageErrorCode = 'storage-locked' | 'storage-foreign' | 'storage-failed' | 'storage-closed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

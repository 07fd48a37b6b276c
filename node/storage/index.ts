/** Storage: the log of a real peer, and one that keeps nothing. */
export { StorageError, type StorageErrorCode } from './errors.ts'
export type { FileLog } from './file-log.ts'
export { memoryStorage } from './memory.ts'
export { openFileLog } from './open-log.ts'
export { openScratch, type Scratch } from './scratch.ts'

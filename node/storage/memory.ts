/** Storage for runs that need not survive a crash: nothing is written, `sync` succeeds at once. */
import { NO_WATERMARK, type Storage } from '../ports.ts'

/** Remembers nothing but `recovered`, the records that it pretends to have from before a restart. */
export function memoryStorage(recovered: readonly Uint8Array[] = []): Storage {
  return {
    recovered,
    watermark: NO_WATERMARK,
    append() {},
    sync: (_, done) => queueMicrotask(() => done()),
    rewrite() {},
  }
}

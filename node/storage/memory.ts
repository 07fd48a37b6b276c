/** Storage for runs that need not survive: nothing is written, `sync` succeeds at once. */
import { NO_WATERMARK, type Storage } from '../ports.ts'

/** Remembers nothing beyond `recovered`, the records that an earlier life is to have left. */
export function memoryStorage(recovered: readonly Uint8Array[] = []): Storage {
  return {
    recovered,
    watermark: NO_WATERMARK,
    append() {},
    sync: (_, done) => queueMicrotask(() => done()),
    rewrite() {},
  }
}

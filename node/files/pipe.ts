/**
 * Named pipes that a person names for a result. Opening one waits for its reader, and holds up a thread that nothing
 * can call back, so that not even a signal ends the process: here it is opened without waiting, for a stated time.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { FileError } from './error.ts'

/** So long a reader may take to come: a shell starts it beside this program, and it needs a moment. */
const READER_WAIT_MS = 1000
const LOOK_EVERY_MS = 20

/** A pipe holds 64 KB; its reader has taken some of it after a while. */
const FULL_WAIT_MS = 2

/**
 * Pipes opened before a job for what is written after it: a reader takes the first writer that goes for the end.
 * As many as a command has results.
 */
const opened = new Map<string, FileHandle>()

/** Opens it and keeps it open for `writePipe`; null where nobody reads. */
export async function openPipe(path: string): Promise<FileHandle | null> {
  const kept = opened.get(path)
  if (kept !== undefined) return kept
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const pipe = await openNow(path)
    if (pipe !== null) opened.set(path, pipe)
    if (pipe !== null || waitedMs >= READER_WAIT_MS) return pipe
    await after(LOOK_EVERY_MS)
  }
}

async function openNow(path: string): Promise<FileHandle | null> {
  return open(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)).catch(error => {
    if (error.code === 'ENXIO') return null
    throw error
  })
}

/**
 * Writes all of it and closes the pipe. No thread waits meanwhile for a reader that takes its time.
 * @throws FileError `no-reader`; the system's error, `EPIPE` where the reader has gone
 */
export async function writePipe(path: string, pieces: Iterable<string | Uint8Array>): Promise<void> {
  const pipe = await openPipe(path)
  if (pipe === null)
    throw new FileError('no-reader', `${path} is a named pipe that nobody reads; expected one with a reader`)
  opened.delete(path)
  try {
    for (const piece of pieces) await writeAll(pipe, typeof piece === 'string' ? Buffer.from(piece) : piece)
  } finally {
    await pipe.close()
  }
}

async function writeAll(pipe: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await pipe.write(bytes, done).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN') throw error
      await after(FULL_WAIT_MS)
      return { bytesWritten: 0 }
    })
    done += bytesWritten
  }
}

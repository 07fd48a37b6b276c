/**
 * Named pipes that a user names for a result. To open one the usual way waits for its reader in a thread that nothing
 * can interrupt, so that not even a signal ends the process. Here it is opened without waiting, again and again for a
 * stated time.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { FileError } from './error.ts'

/** How long a reader may take to come: a shell starts it beside this program, and it needs a moment. */
const READER_WAIT_MS = 1000
const LOOK_EVERY_MS = 20

/** A pipe holds 64 KB; after this time its reader has taken some of it. */
const FULL_WAIT_MS = 2

/**
 * Pipes opened before a job for what is written after it: a reader takes the end of the first writer as the end of the
 * file. As many as a command can have results.
 */
const opened = new Map<string, FileHandle>()

/** Opens it and keeps it open for `writePipe`; null if nobody reads it. */
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
 * Writes all of it and closes the pipe. No thread waits meanwhile for a slow reader.
 * @throws FileError `no-reader`; the system's error, `EPIPE` if the reader has gone
 */
export async function writePipe(
  path: string,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const pipe = await openPipe(path)
  if (pipe === null)
    throw new FileError('no-reader', `${path} is a named pipe that nobody reads; expected one with a reader`)
  opened.delete(path)
  try {
    for await (const piece of pieces)
      await writeAll(pipe, typeof piece === 'string' ? Buffer.from(piece) : piece)
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

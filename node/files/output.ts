/**
 * Files that a user names for the result of a command: `--report`, `--out`, `--save` and the like. A file is replaced
 * as a whole; a link is replaced rather than followed, as somebody else may have put it there. Named pipes, devices
 * such as /dev/null and the descriptors of this process (/dev/stdout, a shell's `>(…)`) are written to as they are.
 */
import { constants, type Stats } from 'node:fs'
import { access, lstat, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { kindOf } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'
import { openPipe, writePipe } from './pipe.ts'
import { type Content, type WriteOptions, writeWhole } from './safe-open.ts'

/** The system's names for descriptors that the parent process gave this one. */
const GIVEN = /^\/(?:dev|proc\/self)\/(?:stdout|stderr|fd\/\d+)$/

/**
 * Checks whether a result can be written there, before the job rather than after it.
 * @returns what is wrong, and what would be right; null if nothing is wrong
 */
export async function whyNoOutput(path: string): Promise<string | null> {
  if (GIVEN.test(path)) return null
  const found = await lstat(path).catch(() => null)
  const expected = 'expected a file in a folder that can be written to'
  if (found?.isDirectory()) return `it is a folder; ${expected}`
  if (isStream(found))
    return access(path, constants.W_OK)
      .then(() => (found.isFIFO() ? whyNoPipe(path) : null))
      .catch((error: Error) => `${error.message}; ${expected}`)
  if (found !== null && !isReplaceable(found)) return `it is ${kindOf(found)}; ${expected}`
  const folder = dirname(path)
  return access(folder, constants.W_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) =>
      `${error.code === 'ENOENT' ? `there is no folder ${folder}` : error.message}; ${expected}`,
  )
}

/** If somebody reads it, the pipe stays open for the result. */
async function whyNoPipe(path: string): Promise<string | null> {
  if ((await openPipe(path)) !== null) return null
  return `it is a named pipe that nobody reads; expected one with a reader, such as "cat ${path}", or a file`
}

/**
 * Writes all of it. The reader of a named pipe has a moment to come.
 * @throws the system's error; FileError `not-a-file` for a folder, a disk or a socket, `no-reader` for such a pipe
 */
export async function writeOutput(path: string, content: Content, options: WriteOptions = {}): Promise<void> {
  if (GIVEN.test(path)) return writeGiven(path, content)
  const found = await lstat(path).catch(() => null)
  if (found?.isFIFO()) return writePipe(path, piecesOf(content))
  if (isStream(found)) return writeThrough(path, content, constants.O_NOFOLLOW ?? 0)
  if (found !== null && !isReplaceable(found))
    throw new FileError('not-a-file', `${path} is ${kindOf(found)}; expected a file, or a pipe to write to`)
  return writeWhole(path, content, options)
}

/** A disk is refused: writing to it would destroy what it holds. */
function isStream(found: Stats | null): found is Stats {
  return found !== null && (found.isFIFO() || found.isCharacterDevice())
}

function isReplaceable(found: Stats): boolean {
  return found.isFile() || found.isSymbolicLink()
}

/** Node can write to its own two streams, whatever they are connected to; a socket's name cannot be opened again. */
async function writeGiven(path: string, content: Content): Promise<void> {
  const number = /\d+$/.exec(path)?.[0]
  const isOutput = path.endsWith('/stdout') || number === '1'
  const isError = path.endsWith('/stderr') || number === '2'
  if (!isOutput && !isError) {
    const isPipe = await stat(path).then(
      found => found.isFIFO(),
      () => false,
    )
    return isPipe ? writePipe(path, piecesOf(content)) : writeThrough(path, content, 0)
  }
  const stream = isOutput ? process.stdout : process.stderr
  for await (const piece of piecesOf(content))
    await new Promise<void>((resolve, reject) => {
      stream.write(piece, error => (error ? reject(error) : resolve()))
    })
}

/** If the shell has opened a file for it, its content stays. */
async function writeThrough(path: string, content: Content, flags: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | flags)
  try {
    for await (const piece of piecesOf(content)) await file.writeFile(piece)
  } finally {
    await file.close()
  }
}

function piecesOf(content: Content): Iterable<string | Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof content === 'string' || content instanceof Uint8Array ? [content] : content
}

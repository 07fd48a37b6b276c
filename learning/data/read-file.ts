/**
 * Reads files that somebody else may have made. A name must stand for a regular file (a pipe may never end, and neither
 * does a device). Its size must be known and within a stated limit before anything is allocated, and exactly that much
 * is allocated. Links are followed: data sets and secrets are often mounted as links.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { CodedError } from '../../agreement/error.ts'

/**
 * The limit for any file of numbers, and for what its numbers take in memory: 64 GiB, or what this machine, or the
 * process's container, has.
 */
export const DATA_BYTES_MAX = Math.min(2 ** 36, totalmem(), process.constrainedMemory() || Infinity)

/** The limit for what comes through a pipe, whose length nobody knows before. */
export const PIPED_BYTES_MAX = 2 ** 31 - 1

type ReadErrorCode = 'READ_NOT_A_FILE' | 'READ_TOO_LARGE'

/** A file that cannot be read. `message` says why and what would be right; the caller adds the file's name. */
export class ReadError extends CodedError<ReadErrorCode> {
  override readonly name = 'ReadError'
}

/** Looks at a file's first bytes before room is made for all of it; throws if it is not worth reading. */
interface Inspection {
  readonly headBytes: number
  /** @param size of the whole file, in bytes */
  check(head: Uint8Array, size: number): void
}

interface WholeInput {
  readonly bytes: Buffer
  /** Of the file that was read, even if the name stands for another by now. */
  readonly status: Stats
}

/** A file that is open for reading, or bytes in memory. */
export interface Input {
  /** In bytes. */
  readonly size: number
  /** Fewer bytes where the file ends before. */
  read(at: number, length: number): Promise<Buffer>
}

const CHUNK_BYTES = 64 * 1024
/** How much of a large file is read at a time: a multiple of the bytes of any number. The system reads 2 GiB at most. */
export const PIECE_BYTES = 2 ** 24

/** Windows has no such flag. */
const NO_WAIT = constants.O_NONBLOCK ?? 0

/** The system's names for descriptors that the parent process gave this one, such as a shell's `<(…)`. */
const GIVEN = /^\/(?:dev|proc\/self)\/(?:stdin|fd\/\d+)$/

/**
 * Opens a file for as long as `use` takes. What a shell hands over in a pipe is read before.
 * @throws ReadError; the system's error; what `use` throws
 */
export async function withInput<T>(
  path: string,
  bytesMax: number,
  use: (input: Input, status: Stats) => Promise<T>,
): Promise<T> {
  const isGiven = GIVEN.test(path)
  const file = await open(path, constants.O_RDONLY | (isGiven ? 0 : NO_WAIT))
  try {
    const status = await file.stat()
    if (status.isFile()) {
      const { size } = status
      if (size > bytesMax) throw tooLarge(`it holds ${size} bytes`, bytesMax)
      return await use({ size, read: (at, length) => readExactly(file, at, length) }, status)
    }
    if (!isGiven || status.isDirectory())
      throw new ReadError('READ_NOT_A_FILE', `it is ${kindOf(status)}; expected a file`)
    return await use(inMemory(await readWithin(chunksOf(file), Math.min(bytesMax, PIPED_BYTES_MAX))), status)
  } finally {
    await file.close()
  }
}

/** Bytes as if they were a file. */
export function inMemory(bytes: Uint8Array): Input {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { size: bytes.length, read: async (at, length) => buffer.subarray(at, at + length) }
}

/**
 * A part of a file, piece by piece; the last one is shorter, and so is all of it where the file ends before. A piece is
 * valid until the next one is requested.
 */
export async function* piecesOf(
  input: Input,
  from: number,
  to: number,
  pieceBytes: number = PIECE_BYTES,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const piece = await input.read(at, Math.min(pieceBytes, to - at))
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}

/** @throws ReadError; the system's error */
export function readInput(path: string, bytesMax: number, inspection?: Inspection): Promise<WholeInput> {
  return withInput(path, bytesMax, async (input, status) => {
    const { size } = input
    if (inspection !== undefined && status.isFile())
      inspection.check(await input.read(0, Math.min(inspection.headBytes, size)), size)
    return { bytes: await input.read(0, size), status }
  })
}

/** A file's bytes. @throws ReadError; the system's error */
export async function readBytes(
  path: string,
  bytesMax: number = DATA_BYTES_MAX,
  inspection?: Inspection,
): Promise<Buffer> {
  return (await readInput(path, bytesMax, inspection)).bytes
}

/** A file's text. @throws ReadError; the system's error */
export async function readText(path: string, bytesMax: number): Promise<string> {
  return (await readBytes(path, bytesMax)).toString('utf8')
}

/** Everything in a stream, which must end within the limit. @throws ReadError `READ_TOO_LARGE`; the stream's error */
export async function readWithin(source: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge(`it gives more than ${bytesMax} bytes`, bytesMax)
    // A copy: some sources fill the same buffer again.
    chunks.push(new Uint8Array(chunk))
  }
  return Buffer.concat(chunks, bytes)
}

/** @throws the system's error if there is no such file, ReadError `READ_NOT_A_FILE` for a pipe or a device */
export async function openForReading(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | NO_WAIT)
  const status = await file.stat()
  if (status.isFile()) return file
  await file.close()
  throw new ReadError('READ_NOT_A_FILE', `it is ${kindOf(status)}; expected a file`)
}

/** The rest of an open file, in pieces; each is valid until the next one is requested. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Reads one file after the other, so that of several bad files the same one is always named. */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await read(item))
  return results
}

/** For people: what is there instead of a file. */
export function kindOf(status: Stats): string {
  if (status.isSymbolicLink()) return 'a symbolic link'
  if (status.isDirectory()) return 'a folder'
  if (status.isFIFO()) return 'a named pipe'
  if (status.isSocket()) return 'a socket'
  return 'a device'
}

async function readExactly(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let have = 0
  while (have < length) {
    const { bytesRead } = await file.read(bytes, have, Math.min(PIECE_BYTES, length - have), from + have)
    // Somebody has cut the file meanwhile: the rest is treated like any file that ends early.
    if (bytesRead === 0) break
    have += bytesRead
  }
  return bytes.subarray(0, have)
}

function tooLarge(found: string, bytesMax: number): ReadError {
  return new ReadError('READ_TOO_LARGE', `${found}; expected at most ${bytesMax}`)
}

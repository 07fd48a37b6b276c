/**
 * Fetches the files of a data set. An unfinished file is kept under its name with .partial, and the next fetch resumes
 * it. A file gets its name only if its digest is right; a wrong file is not kept.
 */

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../agreement/error.ts'
import { chunksOf, openForReading } from '../../learning/data/read-file.ts'
import { makeFolder, whyNotWritten } from '../files/make-folder.ts'
import { createNew, openExisting } from '../files/safe-open.ts'
import type { DataFile, DataSet } from './catalogue.ts'
import { useProxies } from './proxy.ts'
import { unpackTar } from './tar.ts'

type FetchErrorCode = 'FETCH_UNREACHABLE' | 'FETCH_DIGEST' | 'FETCH_WRITE'

export class FetchError extends CodedError<FetchErrorCode> {
  override readonly name = 'FetchError'
}

export interface FetchProgress {
  readonly file: string
  /** Bytes of this file so far. */
  readonly bytes: number
  readonly of: number
}

interface FetchOptions {
  readonly set: DataSet
  readonly directory: string
  readonly onProgress: (progress: FetchProgress) => void
  /** A line for people: a file that is there already, a mirror that failed. */
  readonly onNote: (line: string) => void
  /** A mirror that sends nothing for this long has failed. */
  readonly silenceMs?: number
  /** Names proxies, as HTTPS_PROXY; this process's unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** @throws FetchError */
export async function fetchDataSet(options: FetchOptions): Promise<void> {
  const { directory, onNote } = options
  await makeFolder(directory).catch(error => {
    throw new FetchError('FETCH_WRITE', `${directory} cannot be made: ${whyNotWritten(error)}`)
  })
  const proxies = useProxies(options.environment ?? process.env)
  if (proxies.note !== null) onNote(proxies.note)
  try {
    await fetchFiles(options)
  } finally {
    proxies.restore()
  }
}

async function fetchFiles(options: FetchOptions): Promise<void> {
  const { set, directory, onNote } = options
  for (const file of set.files) {
    const path = join(directory, file.name)
    if ((await digestOf(path, file.bytes)) === file.sha256) onNote(`${path} is there already`)
    else await fetchFile(options, file, path)
    if (set.unpack) {
      const names = await unpackTar(path, directory, set.unpack).catch((error: Error) => {
        throw new FetchError('FETCH_WRITE', `${path} cannot be unpacked: ${error.message}`)
      })
      onNote(`${path}: unpacked ${names.join(', ')}`)
    }
  }
}

/** Tries the mirrors in turn; each goes on where the one before stopped. */
async function fetchFile(options: FetchOptions, file: DataFile, path: string): Promise<void> {
  const { set, onNote } = options
  const partial = `${path}.partial`
  const failures: string[] = []
  for (const mirror of set.mirrors) {
    const address = new URL(file.name, mirror)
    try {
      await download(options, file, address, partial)
    } catch (error) {
      const why = reasonOf(error)
      failures.push(`  ${address}: ${why}`)
      onNote(`${address}: ${why}`)
      continue
    }
    const digest = await digestOf(partial, file.bytes)
    if (digest === file.sha256) return rename(partial, path)
    await rm(partial, { force: true })
    failures.push(`  ${address}: SHA-256 is ${digest}, expected ${file.sha256}; not kept`)
    onNote(`${address}: its digest is wrong; not kept`)
  }
  const allWrong = failures.every(failure => failure.includes('SHA-256'))
  throw new FetchError(
    allWrong ? 'FETCH_DIGEST' : 'FETCH_UNREACHABLE',
    `${file.name} could not be fetched:\n${failures.join('\n')}\n` +
      `Without a network, put the files of ${set.name} into ${options.directory} by hand: ${set.files.map(({ name }) => name).join(', ')}`,
  )
}

async function download(options: FetchOptions, file: DataFile, address: URL, partial: string): Promise<void> {
  const { handle, size: from } = await openPartial(partial, file.bytes)
  try {
    if (from < file.bytes) await receive(options, file, address, handle, from)
  } finally {
    await handle.close()
  }
}

interface Partial {
  readonly handle: FileHandle
  /** Bytes that have arrived so far. */
  readonly size: number
}

/**
 * Opens the unfinished file to resume it. Starts an empty one if there is none, or if it is not one that we made: a
 * link, a second name of another file, or too long.
 */
async function openPartial(partial: string, bytesMax: number): Promise<Partial> {
  const handle = await openExisting(partial, constants.O_RDWR | constants.O_APPEND).catch(() => null)
  if (handle !== null) {
    const { size, nlink } = await handle.stat()
    if (size <= bytesMax && nlink === 1) return { handle, size }
    await handle.close()
  }
  await rm(partial, { force: true })
  return { handle: await createNew(partial), size: 0 }
}

/** Adds what the server sends; starts over if the server sends all of it. */
async function receive(
  { onProgress, silenceMs = 30_000 }: FetchOptions,
  file: DataFile,
  address: URL,
  handle: FileHandle,
  from: number,
): Promise<void> {
  const silence = new AbortController()
  const timeout = () =>
    setTimeout(() => silence.abort(new Error(`silent for ${silenceMs / 1000} s`)), silenceMs)
  let timer = timeout()
  try {
    const response = await fetch(address, {
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      signal: silence.signal,
    })
    if (!response.ok || response.body === null)
      throw new Error(`answers ${response.status} ${response.statusText}`)
    // A server without support for ranges sends all of it.
    let bytes = response.status === 206 ? from : 0
    if (bytes === 0) await handle.truncate(0)
    for await (const chunk of response.body) {
      clearTimeout(timer)
      timer = timeout()
      bytes += chunk.length
      if (bytes > file.bytes) throw new Error(`sends more than the ${file.bytes} bytes expected`)
      await handle.writeFile(chunk)
      onProgress({ file: file.name, bytes, of: file.bytes })
    }
    if (bytes < file.bytes) throw new Error(`ends after ${bytes} of ${file.bytes} bytes`)
  } finally {
    clearTimeout(timer)
  }
}

/** The useful part of an error of `fetch`, whose own message is "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host; is there a network?'
  if (code === 'ECONNREFUSED') return 'connection refused'
  return cause.message || code || error.message
}

/** SHA-256 of a file that must have this many bytes; null if there is no such file. */
async function digestOf(path: string, bytes: number): Promise<string | null> {
  const file = await openForReading(path).catch(() => null)
  if (file === null) return null
  try {
    if ((await file.stat()).size !== bytes) return null
    const hash = createHash('sha256')
    for await (const chunk of chunksOf(file)) hash.update(chunk)
    return hash.digest('hex')
  } catch {
    return null
  } finally {
    await file.close()
  }
}

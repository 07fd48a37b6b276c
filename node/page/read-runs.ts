/** Reads runs back from the files that hold them: pages and reports. */
import { readFile, stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { FileError } from '../files/error.ts'
import { runsIn } from './documents.ts'
import type { RunDocument } from './run.ts'

/** @throws FileError `malformed`, `unreadable`, with a sentence on what the file is */
export async function readAll(path: string, bytesMax: number): Promise<readonly RunDocument[]> {
  return runsOfText(await read(path, bytesMax), path, bytesMax)
}

/** What a page holds, packed: base64 and nothing else; null: it is no page. */
export function packedIn(text: string): string | null {
  return /<script type="application\/gzip" id="runs">([A-Za-z0-9+/=]*)/.exec(text)?.[1] ?? null
}

/** @param path for messages @throws FileError `malformed` */
export function runsOfText(text: string, path: string, bytesMax: number): readonly RunDocument[] {
  const packed = packedIn(text)
  const value = packed === null ? parsed(path, text) : parsed(path, unpacked(path, packed, bytesMax))
  return runsIn(value, path).map(({ run, wrong }) => {
    if (run === null) throw new FileError('malformed', wrong)
    return run
  })
}

async function read(path: string, bytesMax: number): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > bytesMax) throw new Error(`it has ${size} bytes, at most ${bytesMax}`)
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new FileError(
      'unreadable',
      `${path}: ${(error as Error).message}; expected a page or a report of a run`,
    )
  }
}

function unpacked(path: string, packed: string, bytesMax: number): string {
  try {
    return gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: bytesMax }).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new FileError(
        'malformed',
        `${path} holds more than ${bytesMax} bytes of runs; expected at most so many`,
      )
    throw new FileError('malformed', `${path} ends too early: the run in it is incomplete; copy it again`)
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FileError(
      'malformed',
      `${path} is neither a page of a run nor a whole report; expected a file of --page or --report`,
    )
  }
}

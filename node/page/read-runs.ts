/** Reads runs back from the files that hold them: pages and reports. */
import { readFile, stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { FileError } from '../files/error.ts'
import { runOfReport } from './report-run.ts'
import { RUN_FORMAT, RUN_VERSION, type RunDocument } from './run.ts'

/** Pages and reports are far smaller. */
export const DATA_BYTES_MAX = 256 * 1024 * 1024

/** @throws FileError `malformed`, `unreadable`, `unsupported`, with a sentence on what the file is */
export async function readAll(path: string, bytesMax: number): Promise<readonly RunDocument[]> {
  const text = await read(path, bytesMax)
  const packed = /<script type="application\/gzip" id="runs">([^<]*)/.exec(text)?.[1]
  const value = packed === undefined ? parsed(path, text) : parsed(path, unpacked(path, packed, bytesMax))
  if (!Array.isArray(value)) return [runIn(path, value)]
  return value.map(each => runIn(path, (each as { readonly run?: unknown } | null)?.run ?? each))
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
  } catch {
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

function runIn(path: string, value: unknown): RunDocument {
  const { format, version } = (value ?? {}) as Partial<RunDocument>
  if (format === RUN_FORMAT && version === RUN_VERSION) return value as RunDocument
  if (format === RUN_FORMAT)
    throw new FileError(
      'unsupported',
      `${path} has version ${String(version)} of the format of runs; this program reads version ${RUN_VERSION}`,
    )
  const run = runOfReport(value)
  if (run !== null) return run
  throw new FileError(
    'malformed',
    `${path} holds no run; expected a page, or a report of demo, simulate or join`,
  )
}

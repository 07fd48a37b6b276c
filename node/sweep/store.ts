/** The folder of a sweep: a file for each run, written whole, so that nothing is lost but the runs under way. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readText } from '../../learning/data/read-file.ts'
import { makeFolder, whyNotWritten } from '../files/make-folder.ts'
import { writeWhole } from '../files/safe-open.ts'
import { printable } from '../text/printable.ts'
import { SweepError } from './definition.ts'
import type { RunRow } from './rows.ts'

/** A run could not be stored. `message` says where and why. */
class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code = 'sweep-unwritten'
}

/** A thousand points of twenty metrics take half a megabyte. */
const ROW_BYTES_MAX = 16 * 2 ** 20

/** A setting's value in a file. */
export const setting = z.union([z.string(), z.number(), z.boolean()])
const amount = z.number().nullable()
const series = z.object({ steps: z.array(z.number()), values: z.array(amount) })

/** As names of files, too: whatever else stands there would be written somewhere else. */
export const RUN_NAME = /^[0-9a-f]{16}$/

/** Of a row that may be a stranger's: it goes to tables and terminals. */
const line = z.string().transform(printable)

const rowSchema = z
  .object({
    run: z.string().regex(RUN_NAME, 'expected 16 hexadecimal digits'),
    version: line,
    status: z.enum(['done', 'stopped', 'diverged', 'failed', 'skipped']),
    why: line.optional(),
    axes: z.record(z.string(), setting),
    settings: z.record(z.string(), setting),
    inputs: z.record(z.string(), z.string()).optional(),
    metrics: z.record(z.string(), amount),
    series: z.record(z.string(), series),
    seconds: z.number(),
  })
  .refine(({ status, why }) => status !== 'done' || why === undefined, {
    path: ['why'],
    message: 'a run that is done has none',
  })

/** A row from its text. @param where for messages. @throws SweepError */
function parseRow(text: string, where: string): RunRow {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SweepError('sweep-results', `${where}: not JSON; expected a run of a sweep`)
  }
  const parsed = rowSchema.safeParse(value)
  if (parsed.success) return parsed.data as RunRow
  const [issue] = parsed.error.issues
  throw new SweepError('sweep-results', `${where}: ${issue!.path.join('.')}: ${issue!.message}`)
}

/** One line, with the fields always in the same order. */
export function rowText(row: RunRow): string {
  const { run, version, status, why, axes, settings, inputs, metrics, series: curves, seconds } = row
  return JSON.stringify({
    run,
    version,
    status,
    why,
    axes,
    settings,
    inputs,
    metrics,
    series: curves,
    seconds,
  })
}

export interface Store {
  /**
   * A run that was stored under this name; null: there is none, or its file is not whole or holds another run, which
   * `notes` then says.
   * @param version that it must be of; absent: any
   * @throws SweepError if the file cannot be read
   */
  read(run: string, version?: string): Promise<RunRow | null>
  /** One sentence for each file that was read and not taken; it counts as a run that has not been run. */
  notes(): readonly string[]
  /** @throws StoreError */
  write(row: RunRow): Promise<void>
}

/** @throws StoreError where the folder can neither be found nor made, if it is to be made */
export async function openStore(folder: string, { make = true } = {}): Promise<Store> {
  if (make)
    await makeFolder(folder).catch(error => {
      throw new StoreError(`${folder} cannot be written: ${whyNotWritten(error)}`, { cause: error })
    })
  const present = new Set(await readdir(folder).catch(() => []))
  const notes = new Set<string>()
  return {
    notes: () => [...notes],
    async read(run, version) {
      const name = `${run}.json`
      if (!present.has(name)) return null
      const path = join(folder, name)
      const text = await readText(path, ROW_BYTES_MAX).catch((error: Error) => {
        throw new SweepError('sweep-results', `${path} cannot be read: ${error.message}`, { cause: error })
      })
      try {
        const row = parseRow(text, path)
        if (row.run === run && (version === undefined || row.version === version)) return row
        notes.add(`${path} holds run ${row.run} of version ${row.version}, and is not taken over`)
      } catch (error) {
        if (!(error instanceof SweepError)) throw error
        notes.add(`${error.message}. It counts as not run`)
      }
      return null
    },
    async write(row) {
      await storeFile(join(folder, `${row.run}.json`), `${rowText(row)}\n`)
    },
  }
}

/** Writes a file of a sweep's folder whole. @throws StoreError */
export async function storeFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeWhole(path, content).catch(error => {
    throw unwritten(path, error)
  })
}

/** The error of a write, with the place of it. */
export function unwritten(path: string, error: unknown): StoreError {
  return new StoreError(
    `${path} cannot be written: ${whyNotWritten(error)}. What has been stored is kept; the same command goes on from there`,
    { cause: error },
  )
}

/** Directories of data for the tests of the readers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { DataError, type DataErrorCode } from '../../../learning/data/dataset.ts'

export type Files = Readonly<Record<string, Uint8Array | string>>

/** A directory with these files, gone after the test. */
export async function directoryOf(t: ExecutionContext, files: Files): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-data-'))
  t.teardown(() => rm(directory, { recursive: true }))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
  return directory
}

/** That opening fails with this code, and says what is wrong. */
export async function refused(
  t: ExecutionContext,
  opening: () => unknown,
  code: DataErrorCode,
  says: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(async () => opening(), { instanceOf: DataError })
  t.is(error?.code, code, error?.message)
  t.regex(error?.message ?? '', says)
}

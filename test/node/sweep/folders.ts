/** Sweeps for tests: a small grid, and what its folder holds. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { RunRow } from '../../../node/sweep/rows.ts'

/** Runs of a second or less. */
export const small = {
  settings: { architecture: 'server', data: 'digits', model: 'softmax', peers: 5, steps: 3, batch: 8 },
  axes: { rule: ['mean', 'cwtm'], attack: ['sign-flip', 'zero'], faults: [1, 2] },
}

/** A folder of the test's own with a sweep's file in it. */
export async function placeOf(
  t: ExecutionContext,
  document: unknown,
): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-sweep-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'sweep.yaml')
  await writeFile(file, JSON.stringify(document))
  return { folder, file }
}

export async function rowsOf(folder: string): Promise<readonly RunRow[]> {
  const text = await readFile(join(folder, 'results.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** All that must be the same to the bit. */
export const comparable = (rows: readonly RunRow[]) => rows.map(row => ({ ...row, seconds: 0 }))

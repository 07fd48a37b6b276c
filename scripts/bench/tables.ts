/**
 * `npm run bench -- tables [megabytes]`: what a table costs a member, beside csv-parse alone on the same file: to propose a
 * schema, to check by it, and to load by it.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { checkTable, loadOwnTable } from '../../learning/data/own-table.ts'
import { proposeSchema } from '../../learning/data/propose-schema.ts'
import { randomStream } from '../../learning/random.ts'
import type { BenchRow, RunBench } from './bench.ts'

const COLUMNS = 40
const ROWS_A_PIECE = 1000

export const run: RunBench = async ({ args: [megabytes = '100'] }) => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-tables-'))
  const file = join(folder, 'table.csv')
  try {
    await pipeline(Readable.from(pieces(Number(megabytes) * 1e6)), createWriteStream(file))
    const baseline = { name: 'csv-parse alone', ms: await timed(() => parseAlone(file)) }
    const rows: BenchRow[] = []
    const measure = async (what: string, run: () => Promise<unknown>) => {
      const ms = await timed(run)
      const rss = Math.round(process.memoryUsage().rss / 1e6)
      rows.push({ case: what, ours_ms: ms, baseline, ratio: ms / baseline.ms, others: { 'RSS (MB)': rss } })
    }
    const { schema } = await proposeSchema(file, 'outcome', true)
    await measure('data inspect', () => proposeSchema(file, 'outcome', true))
    await measure('data check', () => checkTable(file, schema))
    await measure('loading', () => loadOwnTable(file, { schema, holdout: 0.2, seed: 1 }))
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await run()
  return performance.now() - startedMs
}

async function parseAlone(file: string): Promise<void> {
  const parser = parse({ skip_empty_lines: true })
  parser.on('readable', () => {
    while (parser.read() !== null);
  })
  await pipeline(createReadStream(file), parser)
}

/** A table's text, piece by piece: numbers, a category in every tenth column, and two classes. */
function* pieces(bytes: number): Generator<string> {
  const random = randomStream(1, 'table')
  const names = Array.from({ length: COLUMNS - 1 }, (_, column) => `column_${column}`)
  let written = 0
  yield `${names.join()},outcome\n`
  while (written < bytes) {
    let piece = ''
    for (let row = 0; row < ROWS_A_PIECE; row++) {
      for (let column = 0; column < COLUMNS - 1; column++)
        piece +=
          column % 10 === 9
            ? `${['red', 'green', 'blue'][random.integer(3)]},`
            : `${(1000 * random.uniform()).toFixed(6)},`
      piece += random.integer(2) === 0 ? 'well\n' : 'ill\n'
    }
    written += piece.length
    yield piece
  }
}

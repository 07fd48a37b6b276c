/**
 * Predictions for the rows of a table by the schema that a model carries. The table streams through: what is kept of it
 * is the piece at hand. A row that does not fit ends the work, since a model that is given something else than it has
 * learnt would say something all the same.
 */
import { DataError } from '../../learning/data/dataset.ts'
import { createMisfits } from '../../learning/data/misfits.ts'
import { checkTableName } from '../../learning/data/own-table.ts'
import type { SettledTable } from '../../learning/data/schema.ts'
import { createSchemaReader } from '../../learning/data/schema-reader.ts'
import { shortened } from '../../learning/data/shortened.ts'
import { streamTable } from '../../learning/data/table-file.ts'
import { addedCells, addedColumns, createTally, csvLine, type Tally } from './predictions.ts'
import type { Scorer } from './scorer.ts'
import type { Says } from './usable-model.ts'

/** Takes text and resolves once there is room for more. */
export type Write = (text: string) => Promise<void>

/** @throws DataError naming file, line, column, value and what would be right; what `write` throws */
export async function predictTable(
  file: string,
  { schema, says, scorer }: { readonly schema: SettledTable; readonly says: Says; readonly scorer: Scorer },
  write: Write,
): Promise<{ readonly tally: Tally; readonly notes: readonly string[] }> {
  checkTableName(file)
  const misfits = createMisfits(file)
  const tally = createTally(file, says)
  const rows = createRows(scorer, (cells, prediction, target) => {
    tally.add(prediction, target)
    return csvLine([...cells, ...addedCells(says, prediction)])
  })
  const refuseMisfits = () => {
    if (misfits.count > 0) throw refusal(misfits.lines())
  }
  const reader = createSchemaReader(file, schema, misfits, {
    header(names) {
      const added = addedColumns(says)
      const clash = added.find(name => names.includes(name))
      if (clash !== undefined)
        throw new DataError(
          'DATA_FORMAT',
          `${file} has a column "${shortened(clash)}" already, as predictions have; expected the table without it`,
        )
      rows.text(csvLine([...names, ...added]))
    },
    row: rows.add,
  })
  await streamTable(file, reader, async () => {
    refuseMisfits()
    await write(rows.take())
  })
  const { notes } = reader.end()
  refuseMisfits()
  rows.flush()
  await write(rows.take())
  return { tally: tally.end(), notes }
}

/** Gathers rows until there are enough for the model, and the lines that come of them. */
function createRows(
  { size, rows, score }: Scorer,
  lineOf: (
    cells: readonly string[],
    prediction: ReturnType<Scorer['score']>[number],
    target: number | null,
  ) => string,
) {
  const inputs = new Float32Array(rows * size)
  const waiting: { readonly cells: readonly string[]; readonly target: number | null }[] = []
  let lines: string[] = []
  const flush = () => {
    if (waiting.length === 0) return
    for (const [place, prediction] of score(inputs, waiting.length).entries()) {
      const { cells, target } = waiting[place]!
      lines.push(lineOf(cells, prediction, target))
    }
    waiting.length = 0
  }
  return {
    flush,
    text: (line: string) => void lines.push(line),
    add(row: Float32Array, target: number | null, cells: readonly string[]): void {
      inputs.set(row, waiting.length * size)
      waiting.push({ cells, target })
      if (waiting.length === rows) flush()
    },
    take(): string {
      const text = lines.join('')
      lines = []
      return text
    },
  }
}

/** How many misfits an error names. */
const NAMED_MAX = 5

function refusal(lines: readonly string[]): DataError {
  const more = lines.length > NAMED_MAX ? `\nand ${lines.length - NAMED_MAX} more lines like these` : ''
  return new DataError('DATA_SCHEMA', `${lines.slice(0, NAMED_MAX).join('\n')}${more}`)
}

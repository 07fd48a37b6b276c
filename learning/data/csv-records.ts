/**
 * The records of a file of separated values, by csv-parse: quotes, quoted newlines, a byte order mark, either end of
 * line. The separator, a comma, a semicolon or a tab, is the one that the first lines have alike.
 */
import { pipeline } from 'node:stream/promises'
import { type Options, parse } from 'csv-parse'
import { parse as parseWhole } from 'csv-parse/sync'
import { DataError } from './dataset.ts'
import { type Input, piecesOf } from './read-file.ts'

/** Takes one record after the other. */
export interface RecordReader {
  /** Before any record, from a file that itself says which names its columns have; text does not. */
  header(names: readonly string[]): void
  /** @param line in which the record begins, from 1 on */
  record(cells: readonly string[], line: number): void
}

/** From which the separator is seen. */
const HEAD_BYTES = 64 * 1024
/** Longer than a hundred thousand columns; a quote that is never closed ends here. */
const RECORD_BYTES_MAX = 2 ** 24
const PIECE_BYTES = 2 ** 20
const LINES_SEEN = 20
/** A comma may also be a decimal comma: the others come first. */
const SEPARATORS = ['\t', ';', ','] as const
type Separator = (typeof SEPARATORS)[number]

/** @returns the separator. @throws DataError `DATA_FORMAT`, naming the line; what the reader throws */
export function readRecords(text: string, file: string, reader: RecordReader): Separator {
  const separator = separatorOf(text.slice(0, HEAD_BYTES), text.length <= HEAD_BYTES)
  try {
    parseWhole(text, optionsFor(separator, reader))
  } catch (error) {
    throw refusal(error, file)
  }
  return separator
}

/** As `readRecords`, piece by piece. */
export async function streamRecords(input: Input, file: string, reader: RecordReader): Promise<Separator> {
  const head = await input.read(0, HEAD_BYTES)
  const isWide = head[0] === 0xff && head[1] === 0xfe
  const text = head.toString(isWide ? 'utf16le' : 'utf8')
  const separator = separatorOf(text, head.length === input.size)
  const parser = parse(optionsFor(separator, reader))
  try {
    await pipeline(piecesOf(input, 0, input.size, PIECE_BYTES), parser.resume())
  } catch (error) {
    throw refusal(error, file)
  }
  return separator
}

function optionsFor(delimiter: Separator, reader: RecordReader): Options {
  let quotedEnds = 0
  return {
    delimiter,
    bom: true,
    // A quote within a cell is a character like another.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
    // Null: no record is kept. The parser's own count of lines has "\r\n" in quotes twice.
    on_record(record: readonly string[], { records, empty_lines: emptyLines }) {
      reader.record(record, records + emptyLines + quotedEnds)
      for (const cell of record)
        for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) quotedEnds += 1
      return null
    },
  }
}

function refusal(error: unknown, file: string): unknown {
  const { code, lines } = error as { code?: unknown; lines?: unknown }
  if (error instanceof DataError || typeof code !== 'string' || !code.startsWith('CSV_')) return error
  const why =
    code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quote is opened and never closed'
      : code === 'CSV_MAX_RECORD_SIZE'
        ? `a record has more than ${RECORD_BYTES_MAX} bytes: no line of a table, or a quote that is never closed`
        : String((error as Error).message)
  return new DataError('DATA_FORMAT', `${file}: ${why} (line ${lines}); expected one example on each line`)
}

/** The separator that each of the first lines has equally often; otherwise the most frequent of the first line. */
function separatorOf(head: string, isWhole: boolean): Separator {
  const lines = countsByLine(head)
  // The last line may be cut.
  if (!isWhole && lines.length > 1) lines.pop()
  const alike = SEPARATORS.find(
    separator =>
      lines.length > 0 &&
      lines.every(counts => counts[separator] > 0 && counts[separator] === lines[0]![separator]),
  )
  const [first = { '\t': 0, ';': 0, ',': 0 }] = lines
  return alike ?? SEPARATORS.reduce((most, each) => (first[each] >= first[most] ? each : most))
}

/** How often each separator stands outside of quotes, in each of the first lines that are not empty. */
function countsByLine(head: string): Record<Separator, number>[] {
  const lines: Record<Separator, number>[] = []
  let counts = { '\t': 0, ';': 0, ',': 0 }
  let [isQuoted, isEmpty] = [false, true]
  const end = () => {
    if (!isEmpty) lines.push(counts)
    counts = { '\t': 0, ';': 0, ',': 0 }
    isEmpty = true
  }
  for (const character of head) {
    if (character === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (character === '\n') end()
    else if (character !== '\r') isEmpty = false
    if (character in counts) counts[character as Separator] += 1
    if (lines.length === LINES_SEEN) return lines
  }
  end()
  return lines
}

/**
 * Proposes a schema for a table: what each column looks like, and what is left out and why. A person decides; the
 * sentences say what the proposal took from this one file.
 */
import { cleaned, shownCell } from './cells.ts'
import { CHARACTERS_MAX, createColumnWatch, type Seen } from './column-watch.ts'
import { DataError } from './dataset.ts'
import { checkTableName } from './own-table.ts'
import {
  COLUMNS_MAX,
  type Column,
  type TableSchema,
  type Target,
  TEXT_LENGTH_MAX,
  tableSchema,
} from './schema.ts'
import { shortened } from './shortened.ts'
import { streamTable, unitOf, withHeader } from './table-file.ts'
import { listText } from './targets.ts'

interface Proposal {
  readonly schema: TableSchema
  readonly sentences: readonly string[]
}

/** Fewer rows may all differ by chance. */
const ROWS_MIN = 10
/** Whole numbers with at most so many different values are classes. */
const NUMBERED_CLASSES_MAX = 20
/** Yes, and then no, in small letters. */
const YES_NO = [...['yes/no', 'y/n', 'true/false', 't/f', 'ja/nein', 'j/n', 'oui/non', 'si/no', 'sí/no']].map(
  pair => pair.split('/'),
)

/**
 * @param target the name of the column to be learnt
 * @param withScale whether numbers are scaled by what the members agree on
 * @throws DataError if the file is no table with a header, or no schema can have this target
 */
export async function proposeSchema(file: string, target: string, withScale: boolean): Promise<Proposal> {
  checkTableName(file)
  const columns = await look(file, target)
  const goal = proposeTarget(file, columns.find(({ name }) => name === target)!, withScale)
  const doubled = new Set(
    columns
      .filter(({ name }, i) => columns.findIndex(other => other.name === name) !== i)
      .map(seen => seen.name),
  )
  const used: Column[] = []
  const unused = new Set<string>()
  const sentences: string[] = []
  for (const seen of columns) {
    if (seen.name === target) continue
    const why = doubled.has(seen.name) ? 'more than one column has this name' : whyLeftOut(seen)
    if (why === null) {
      const column = proposeColumn(seen, withScale)
      used.push(column)
      sentences.push(columnText(seen, column))
      continue
    }
    if (seen.name !== '' && seen.name.length <= TEXT_LENGTH_MAX) unused.add(seen.name)
    sentences.push(`${nameText(seen.name)} is left out: ${why}.`)
  }
  if (used.length === 0)
    throw new DataError(
      'DATA_SCHEMA',
      `${file}: no column but the target can be used. ${sentences.join(' ')}`,
    )
  const parsed = tableSchema.safeParse({ kind: 'table', columns: used, target: goal, unused: [...unused] })
  if (!parsed.success)
    throw new DataError(
      'DATA_SCHEMA',
      `${file}: no schema can have all of it: expected ${parsed.error.issues[0]!.message}`,
    )
  const schema = parsed.data
  const about = columns.find(({ name }) => name === target)!
  return { schema, sentences: [...sentences, targetText(about, goal), ...remarks(schema)] }
}

async function look(file: string, target: string): Promise<readonly Seen[]> {
  const budget = { characters: CHARACTERS_MAX }
  let watches: readonly ReturnType<typeof createColumnWatch>[] | null = null
  const refuse = (why: string) => new DataError('DATA_FORMAT', `${file}: ${why}`)
  const begin = (names: readonly string[], where: string) => {
    if (names.length > COLUMNS_MAX)
      throw refuse(`${where} has ${names.length} columns; expected at most ${COLUMNS_MAX}`)
    if (!names.includes(target))
      throw refuse(
        `${where} has no column ${shownCell(target)}; expected a header with the target's name; it has ${listText(names.map(shownCell))}`,
      )
    if (names.indexOf(target) !== names.lastIndexOf(target))
      throw refuse(`${where} has two columns ${shownCell(target)}; expected one`)
    watches = names.map(name => createColumnWatch(name, budget))
  }
  const see = (cells: readonly string[], line: number) => {
    if (cells.length !== watches!.length)
      throw refuse(
        `${unitOf(file)} ${line} has ${cells.length} columns; expected ${watches!.length}, as in the header`,
      )
    for (let column = 0; column < cells.length; column++) watches![column]!.see(cleaned(cells[column]!), line)
  }
  await streamTable(file, withHeader(begin, see))
  if (watches === null) throw refuse('it is empty; expected a header and rows')
  const columns = (watches as readonly ReturnType<typeof createColumnWatch>[]).map(watch => watch.end())
  if (columns[0]!.cells + columns[0]!.missing === 0)
    throw refuse('it has a header and no rows; expected rows below it')
  return columns
}

/** Null if the column can be used. */
function whyLeftOut(seen: Seen): string | null {
  const { name, cells, values, numbers, decimalCommas, isCounting, isId, firstText } = seen
  if (name === '') return 'it has no name'
  if (name.length > TEXT_LENGTH_MAX) return `its name has more than ${TEXT_LENGTH_MAX} characters`
  if (cells === 0) return 'it is empty in every row'
  if (/^unnamed: ?\d+$/i.test(name)) return 'it has no name, and pandas writes one for an index'
  if (isCounting) return 'it numbers the rows'
  if (isId) return 'it has another value in each row, and is called an id'
  if (values?.size === 1) return `it has the same value in each row, ${shownCell([...values.keys()][0]!)}`
  if (isNumber(seen)) return null
  if (decimalCommas > cells / 2)
    return `it has numbers with a decimal comma, such as ${shownCell(firstText!.cell)}; write a point`
  if (values === null)
    return `it has too many different texts for a category${numbers > 0 ? ' and is no number' : ''}`
  if (values.size === cells && cells >= ROWS_MIN) return 'it has another text in each row'
  return null
}

/** Some cells of a number may be wrong: those are for "data check". */
function isNumber({ numbers, cells, values }: Seen): boolean {
  return numbers === cells || (values === null && numbers > 0.9 * cells)
}

function proposeColumn(seen: Seen, withScale: boolean): Column {
  const { name, missing, values } = seen
  const isMissing = missing > 0
  if (isNumber(seen)) {
    const filling = isMissing && ({ missing: 'agreed', indicator: true } as const)
    const agreed = { ...(withScale && scaleOf(seen)), ...filling }
    const unit = 'scale' in agreed || isMissing ? magnitudeOf(seen) : {}
    return { name, type: 'number', indicator: false, ...agreed, ...unit }
  }
  const frequent = [...values!].reduce((most, each) => (each[1] > most[1] ? each : most))[0]
  const filling = isMissing && { missing: frequent, indicator: true }
  const pair = yesNoOf([...values!.keys()])
  if (pair !== null) return { name, type: 'yes-no', ...pair, indicator: false, ...filling }
  return { name, type: 'category', values: [...values!.keys()].sort(), indicator: false, ...filling }
}

function yesNoOf(values: readonly string[]): { readonly yes: string; readonly no: string } | null {
  if (values.length !== 2) return null
  for (const [yes, no] of YES_NO) {
    const found = [yes, no].map(word => values.find(value => value.toLowerCase() === word))
    if (found[0] !== undefined && found[1] !== undefined) return { yes: found[0], no: found[1] }
  }
  return null
}

/** Zeros and ones need none. */
function scaleOf({ values }: Seen): { readonly scale?: 'agreed' } {
  const isBinary =
    values !== null && [...values.keys()].every(value => Number(value) === 0 || Number(value) === 1)
  return isBinary ? {} : { scale: 'agreed' }
}

/** The power of ten above all values, of which no more is said. */
function magnitudeOf({ least, most }: Seen): { readonly unit?: number } {
  const unit = Number(`1e${Math.ceil(Math.log10(Math.max(Math.abs(least), Math.abs(most))))}`)
  return unit === 1 || !(unit > 1e-38 && unit < 1e38) ? {} : { unit }
}

function proposeTarget(file: string, seen: Seen, withScale: boolean): Target {
  const { name, cells, numbers, values, areWhole } = seen
  const refuse = (why: string) => new DataError('DATA_SCHEMA', `${file}: the target ${nameText(name)} ${why}`)
  if (cells === 0) throw refuse('is empty in every row; expected a class, or a number')
  const areNumbers = numbers === cells
  const isClass =
    values !== null && (!areNumbers || values.size <= 2 || (areWhole && values.size <= NUMBERED_CLASSES_MAX))
  if (!isClass && !areNumbers)
    throw refuse('has too many different texts; expected classes, at most 256, or a number in every row')
  if (!isClass) {
    const scale = withScale ? scaleOf(seen) : {}
    return { name, type: 'number', ...scale, ...('scale' in scale && magnitudeOf(seen)) }
  }
  if (values.size === 1)
    throw refuse(
      `is ${shownCell([...values.keys()][0]!)} in every row; expected two classes at least: write the schema by hand, or take it from a member that has both`,
    )
  const classes = [...values.keys()].sort(areNumbers ? (a, b) => Number(a) - Number(b) : undefined)
  return { name, type: 'class', classes }
}

function columnText(seen: Seen, column: Column): string {
  const { firstText, missing, least, most, values, areWhole } = seen
  const filled =
    missing === 0
      ? ''
      : `; ${missing === 1 ? '1 cell is' : `${missing} cells are`} missing and ${missing === 1 ? 'becomes' : 'become'} ${column.missing === 'agreed' ? 'the agreed mean' : shortened(String(column.missing))}, with an indicator beside it`
  switch (column.type) {
    case 'number': {
      const wrong =
        firstText === null
          ? ''
          : `; but line ${firstText.line} has ${shownCell(firstText.cell)}, which is no number`
      const codes =
        areWhole && values !== null && values.size > 2 && values.size <= NUMBERED_CLASSES_MAX
          ? `; with ${values.size} different values, it may be a category`
          : ''
      return `${nameText(seen.name)} is a number from ${short(least)} to ${short(most)}${codes}${wrong}${filled}.`
    }
    case 'category':
      return `${nameText(seen.name)} is a category: ${listText(column.values)}${filled}.`
    case 'yes-no':
      return `${nameText(seen.name)} is ${shownCell(column.yes)} or ${shownCell(column.no)}, 1 or 0${filled}.`
  }
}

function targetText({ name, missing, values, least, most }: Seen, target: Target): string {
  const lacking = missing === 0 ? '' : `; ${missing} rows have none, and will be refused`
  if (target.type === 'number')
    return `The target ${nameText(name)} is a number from ${short(least)} to ${short(most)}${lacking}.`
  const counts = target.classes.map(each => `${each} (${values!.get(each)} rows)`)
  return `The target ${nameText(name)} has ${target.classes.length} classes: ${listText(counts)}${lacking}.`
}

/** What a member gives away with this schema, and what it may have to add. */
function remarks({ columns, target }: TableSchema): readonly string[] {
  const isScaled = target.type === 'number' && target.scale !== undefined
  const numbers = columns.filter(({ type }) => type === 'number')
  const scaled =
    isScaled || numbers.some(column => column.type === 'number' && column.scale !== undefined)
      ? 'Numbers are scaled by a mean and a deviation that the members agree on before they learn; without "scale", numbers are taken as they are.'
      : 'Numbers are taken as they are: no column has a "scale".'
  const filled = 'What missing texts become, the most frequent text, was taken from this file.'
  return [
    ...(numbers.length > 0 || target.type === 'number' ? [scaled] : []),
    ...(columns.some(({ type, missing }) => type !== 'number' && missing !== undefined) ? [filled] : []),
    'The values of categories and the classes are those of this file: add the ones that only other members have.',
  ]
}

const nameText = (name: string) => (name === '' ? 'A column' : JSON.stringify(shortened(name)))
const short = (value: number) => String(Number(value.toPrecision(4)))

/**
 * Turns the targets in files, numbers or names, into classes if they can be classes, otherwise into real values. The
 * training targets decide which class a target is; all peers decide alike where they read the same training targets.
 */
import { DataError } from './dataset.ts'
import { shortened } from './shortened.ts'

/** A class is a byte. */
export const CLASSES_MAX = 256
/** Which labels there are decides which class each is: peers with files of their own could differ. */
const SAME = 'every peer must have all of these labels in its training data'
/** How many labels are named in a message. */
const NAMED_MAX = 6

/** Targets as a file has them. */
export type RawTargets =
  | {
      readonly kind: 'numbers'
      readonly values: ArrayLike<number>
      /** The file says that they are real: a decimal point, a type of floats. */
      readonly isReal: boolean
    }
  /** Of each record the index of its label among `names`. */
  | { readonly kind: 'names'; readonly values: ArrayLike<number>; readonly names: readonly string[] }

/** Where targets come from, for messages. */
interface Origin {
  readonly file: string
  /** Says which record it is; by default its number from 0 on. */
  readonly recordText?: (record: number) => string
}

/** Which class each label is. */
export interface Classes {
  /** 0 for real targets. */
  readonly count: number
  /** By class, if the labels are others than 0 to `count − 1`. */
  readonly names: readonly string[] | null
  /** The class of a label as its file has it, or -1. */
  readonly classOf: (label: number | string) => number
  /** What a person should know about it; null if there is nothing. */
  readonly note: string | null
}

interface Targets {
  readonly classes: number
  readonly labels: Uint8Array
  readonly values?: Float32Array
  readonly classNames?: readonly string[]
}

/**
 * Names are classes in the order of their characters. Whole numbers are classes if they are 0 to k, 1 to k, -1 and 1
 * (and 0), or a few others; anything else is real.
 * @param training all targets of the training set
 * @throws DataError `DATA_LABEL` for too many classes
 */
export function classesOf(training: RawTargets, { file }: Origin): Classes {
  if (training.kind === 'names') return namedClasses(training.names, file)
  const { values, isReal } = training
  const range = isReal ? null : rangeOf(values)
  if (range === null) return real
  const [least, most] = range
  if (least < -1 || (least === -1 && most > 1)) return real
  if (most >= CLASSES_MAX && !(least === 1 && most === CLASSES_MAX))
    throw new DataError(
      'DATA_LABEL',
      `${file}: label ${most}, expected at most ${CLASSES_MAX} classes; write real targets with a decimal point`,
    )
  const found = distinctOf(values)
  if (least === 0) return fromZero(most, found)
  // Labels that begin at 1 leave out none but 0; others are the classes that there are.
  const labels = least === 1 ? Array.from({ length: most }, (_, i) => i + 1) : found
  if (labels.length === 1) labels.push(least === -1 ? 1 : least + 1)
  const places = new Map(labels.map((label, place) => [label, place]))
  return {
    count: labels.length,
    names: labels.map(String),
    classOf: label => places.get(Number(label)) ?? -1,
    note: `labels ${rangeText(labels)} are classes 0 to ${labels.length - 1}${emptyText(labels, found)}; ${SAME}`,
  }
}

/** Classes by number, as of one-hot targets. */
export function numberedClasses(count: number, file: string): Classes {
  if (count > CLASSES_MAX)
    throw new DataError('DATA_LABEL', `${file}: ${count} classes, expected at most ${CLASSES_MAX}`)
  return fromZero(
    count - 1,
    Array.from({ length: count }, (_, label) => label),
  )
}

/** @param classes of the training set. @throws DataError `DATA_LABEL`, naming the record */
export function targetsOf(targets: RawTargets, classes: Classes, origin: Origin): Targets {
  const { file, recordText = record => `record ${record}` } = origin
  const { values } = targets
  const { count, names, classOf } = classes
  if (count === 0 && targets.kind === 'numbers')
    return { classes: 0, labels: new Uint8Array(values.length), values: Float32Array.from(values) }
  const labels = new Uint8Array(values.length)
  for (let record = 0; record < values.length; record++) {
    const label = targets.kind === 'names' ? targets.names[values[record]!]! : values[record]!
    const place = classOf(label)
    if (place < 0)
      throw new DataError(
        'DATA_LABEL',
        `${file}: ${recordText(record)} has label ${shownLabel(label)}, expected ${expectedText(classes)}`,
      )
    labels[record] = place
  }
  return { classes: count, labels, ...(names && { classNames: names }) }
}

const real: Classes = { count: 0, names: null, classOf: () => -1, note: null }

function namedClasses(names: readonly string[], file: string): Classes {
  // By their characters' numbers: an order of words depends on the machine's language.
  const sorted = [...names].sort()
  if (sorted.length < 2)
    throw new DataError(
      'DATA_LABEL',
      `${file}: all labels are ${shownLabel(sorted[0]!)}, expected at least two classes`,
    )
  const places = new Map(sorted.map((name, place) => [name, place]))
  return {
    count: sorted.length,
    names: sorted,
    classOf: label => places.get(String(label)) ?? -1,
    note: `labels ${listText(sorted)} are classes 0 to ${sorted.length - 1}, in the order of their letters; ${SAME}`,
  }
}

/** Labels from 0 on are their own classes. */
function fromZero(most: number, found: readonly number[]): Classes {
  const count = Math.max(2, most + 1)
  const all = Array.from({ length: most + 1 }, (_, label) => label)
  const empty = emptyText(all, found)
  return {
    count,
    names: null,
    classOf: label =>
      Number.isInteger(label) && Number(label) >= 0 && Number(label) < count ? Number(label) : -1,
    note: empty === '' ? null : `labels are classes 0 to ${count - 1}${empty}`,
  }
}

/** The least and the largest; null if one of them is no whole number, or there is none. */
function rangeOf(values: ArrayLike<number>): readonly [number, number] | null {
  let [least, most] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isInteger(value)) return null
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  // Not -0.
  return least > most ? null : [least + 0, most + 0]
}

/** Sorted, without repetition: of few different values only, as a set has its limit. */
function distinctOf(values: ArrayLike<number>): number[] {
  const seen = new Set<number>()
  for (let i = 0; i < values.length; i++) seen.add(values[i]! + 0)
  return [...seen].sort((a, b) => a - b)
}

function emptyText(labels: readonly number[], found: readonly number[]): string {
  const held = new Set(found)
  const empty = labels.filter(label => !held.has(label))
  return empty.length === 0 ? '' : `; no training example has the label ${listText(empty.map(String))}`
}

function rangeText(labels: readonly number[]): string {
  const isRange = labels.every((label, i) => label === labels[0]! + i)
  return isRange && labels.length > 2 ? `${labels[0]} to ${labels.at(-1)}` : listText(labels.map(String))
}

function expectedText({ count, names }: Classes): string {
  if (count === 0) return 'a number'
  return names === null ? `a whole number from 0 to ${count - 1}` : `one of ${listText(names)}`
}

function shownLabel(label: number | string): string {
  return typeof label === 'number' ? String(label) : JSON.stringify(shortened(label))
}

/** "a, b, c", or the first ones and the last. */
export function listText(names: readonly string[]): string {
  if (names.length <= NAMED_MAX) return names.map(shortened).join(', ')
  const first = names.slice(0, NAMED_MAX - 1).map(shortened)
  return `${first.join(', ')}, … ${shortened(names.at(-1)!)}`
}

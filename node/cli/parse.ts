/**
 * Turns texts of the command line into values, with messages that name the option, the value and what would be right.
 */
import { suggestion } from '../text/nearest.ts'
import { type Parse, UsageError } from './command.ts'

interface Range {
  readonly min?: number
  readonly max?: number
  /** Greater than this. */
  readonly above?: number
  /** Less than this. */
  readonly below?: number
}

export function text(value: string, name: string): string {
  if (value === '') throw new UsageError(`${name} is empty`)
  return value
}

export const integer = (range: Range = {}): Parse<number> =>
  numberThat('a whole number', /^[+-]?\d+$/, { max: Number.MAX_SAFE_INTEGER, ...range })
export const decimal = (range: Range = {}): Parse<number> =>
  numberThat('a number', /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i, range)

/** A whole number that may be large: 11700000, 11_700_000 or 1.17e7. */
export const largeInteger = (range: Range = {}): Parse<number> => {
  const parse = integer(range)
  return (value, name) => {
    const number = Number(value.replaceAll('_', ''))
    const isExact =
      /^(?:\d+(?:_\d+)*|\d{1,9}(?:\.\d{1,5})?e\d+)$/i.test(value) && Number.isSafeInteger(number)
    return parse(isExact ? String(number) : value, name)
  }
}

const SIZE_UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const

/** A count of bytes, such as 500M or 1.5G, in powers of 1,024. */
export function byteCount(value: string, name: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(value.trim()) ?? []
  const bytes = Math.floor(Number(digits) * SIZE_UNITS[unit.toUpperCase() as keyof typeof SIZE_UNITS])
  if (digits === undefined || !Number.isSafeInteger(bytes) || bytes < 1)
    throw new UsageError(`${name} is "${value}"; expected a size such as 500M or 8G`)
  return bytes
}

function numberThat(kind: string, form: RegExp, range: Range): Parse<number> {
  return (value, name) => {
    const number = Number(value)
    if (!form.test(value.trim()) || !within(number, range))
      throw new UsageError(`${name} is "${value}"; expected ${kind}${rangeText(value, range)}`)
    return number
  }
}

function within(
  number: number,
  { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity }: Range,
) {
  return Number.isFinite(number) && number >= min && number <= max && number > above && number < below
}

function rangeText(value: string, { min, max, above, below }: Range): string {
  // A limit that holds for all numbers is worth a word only to those who pass it.
  const isNamed = max !== undefined && (max < Number.MAX_SAFE_INTEGER || Number(value) > max)
  const isTooLong = max === undefined && below === undefined && Number(value) === Infinity
  const parts = [
    min === undefined ? '' : `at least ${min}`,
    above === undefined ? '' : `above ${above}`,
    isNamed ? `at most ${max}` : isTooLong ? `at most ${Number.MAX_VALUE}` : '',
    below === undefined ? '' : `below ${below}`,
  ].filter(part => part !== '')
  return parts.length === 0 ? '' : `, ${parts.join(' and ')}`
}

/** A parser with words that it takes, which shells offer. */
export function offering<T>(choices: readonly string[], parse: Parse<T>): Parse<T> {
  return Object.assign((...args: Parameters<Parse<T>>) => parse(...args), { choices })
}

export function oneOf<const T extends string>(names: readonly T[]): Parse<T> {
  return offering(names, (value, name) => {
    const found = names.find(candidate => candidate === value)
    if (found === undefined)
      throw new UsageError(
        `${name} is "${value}"; expected one of ${names.join(', ')}${suggestion(value, names)}`,
      )
    return found
  })
}

/** `1,2` → two whole numbers of at least 1. */
export function pair(value: string, name: string): readonly [number, number] {
  const match = /^([1-9]\d{0,8}),([1-9]\d{0,8})$/.exec(value)
  if (match === null)
    throw new UsageError(`${name} is "${value}"; expected two whole numbers, at least 1, such as 1,1`)
  return [Number(match[1]), Number(match[2])]
}

/** `none`, which gives null, or a text for the other parser. */
export function orNone<T>(parse: Parse<T>): Parse<T | null> {
  return (value, name) => (value === 'none' ? null : parse(value, name))
}

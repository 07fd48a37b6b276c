/**
 * Checks of parsed JSON, which may come from anybody: what a value must be, and where and how it is not. Pure, so the browser
 * has them as well.
 */

const TEXT_MAX = 100_000
export const DEPTH_MAX = 64
/** No date lies further from 1970. */
export const MS_MAX = 8.64e15

/** What does not fit: where, from the outside in, and what would be right. */
interface Wrong {
  at: string
  readonly found: unknown
  readonly expected: string
}

export type Check = (value: unknown) => Wrong | null
type Fields<T> = { readonly [Name in keyof T]-?: Check }

const wrongIf = (isWrong: boolean, found: unknown, expected: string): Wrong | null =>
  isWrong ? { at: '', found, expected } : null

export const number: Check = value => wrongIf(!Number.isFinite(value), value, 'a finite number')
export const flag: Check = value => wrongIf(typeof value !== 'boolean', value, 'true or false')
export const count = whole(0, Number.MAX_SAFE_INTEGER)
export const moment: Check = value => {
  const isWrong = typeof value !== 'number' || !(Math.abs(value) <= MS_MAX)
  return wrongIf(isWrong, value, `a number of milliseconds, at most ${MS_MAX}`)
}
export const text = textUpTo(TEXT_MAX)

export function whole(least: number, most: number): Check {
  const expected = `a whole number from ${least} to ${most}`
  return value =>
    wrongIf(!Number.isInteger(value) || Number(value) < least || Number(value) > most, value, expected)
}

export function textUpTo(charactersMax: number): Check {
  const expected = `a text of at most ${charactersMax} characters`
  return value => wrongIf(typeof value !== 'string' || value.length > charactersMax, value, expected)
}

export function orNull(check: Check): Check {
  return value => {
    if (value === null) return null
    const wrong = check(value)
    return wrong === null || wrong.at !== '' ? wrong : { ...wrong, expected: `${wrong.expected}, or null` }
  }
}

/** A number that JSON has as null where it was not finite. */
export const figure = orNull(number)

export function oneOf(known: readonly unknown[]): Check {
  return value => wrongIf(!known.includes(value), value, `one of ${known.map(String).join(', ')}`)
}

export function within(at: string, wrong: Wrong): Wrong {
  wrong.at = wrong.at === '' || wrong.at.startsWith('[') ? `${at}${wrong.at}` : `${at}.${wrong.at}`
  return wrong
}

export function list(check: Check, least: number, most: number): Check {
  const expected = least === most ? `a list of ${most} entries` : `a list of at most ${most} entries`
  return value => {
    if (!Array.isArray(value) || value.length < least || value.length > most)
      return { at: '', found: value, expected }
    for (let at = 0; at < value.length; at++) {
      const wrong = check(value[at])
      if (wrong !== null) return within(`[${at}]`, wrong)
    }
    return null
  }
}

export function tuple(checks: readonly Check[]): Check {
  return value => {
    if (!Array.isArray(value) || value.length !== checks.length)
      return { at: '', found: value, expected: `a list of ${checks.length} entries` }
    for (let at = 0; at < checks.length; at++) {
      const wrong = checks[at]!(value[at])
      if (wrong !== null) return within(`[${at}]`, wrong)
    }
    return null
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** All fields of a type: one that run.ts gains must be checked here. */
export function record<T>(fields: Fields<T>): Check {
  const checks = Object.entries<Check>(fields)
  return value => {
    if (!isRecord(value)) return { at: '', found: value, expected: 'an object' }
    for (const [name, check] of checks) {
      const wrong = check(Object.hasOwn(value, name) ? value[name] : undefined)
      if (wrong !== null) return within(name, wrong)
    }
    return null
  }
}

/** The end of a sentence about it. */
export function sentence({ at, found, expected }: Wrong): string {
  const where = at === '' ? 'it' : `"${at}"`
  return found === undefined
    ? `${where} is missing; expected ${expected}`
    : `${where} is ${kindOf(found)}; expected ${expected}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'string') return value.length > 20 ? `a text of ${value.length} characters` : 'a text'
  return typeof value === 'object' ? 'an object' : String(value)
}

/** Whether something nested reaches deeper than `DEPTH_MAX`: level by level, because to recurse would be what it guards from. */
export function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    const next: unknown[] = []
    for (const outer of level)
      if (typeof outer === 'object' && outer !== null)
        for (const inner of Object.values(outer))
          if (typeof inner === 'object' && inner !== null) next.push(inner)
    if (next.length === 0) return false
    level = next
  }
  return true
}

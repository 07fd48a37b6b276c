/** Errors of a cohort file that a user can correct: file, field, value, and what would be right. */

import type { z } from 'zod'
import { CodedError } from '../../agreement/error.ts'
import { suggestion } from '../text/nearest.ts'

/** What can be wrong with a cohort file. */
export type CohortErrorCode =
  | 'cohort-missing'
  | 'cohort-unreadable'
  /** Not YAML at all. */
  | 'cohort-syntax'
  | 'cohort-field-missing'
  | 'cohort-field-unknown'
  | 'cohort-field-invalid'
  | 'cohort-member-twice'
  | 'cohort-member-id'
  | 'cohort-address'
  | 'cohort-bound'

/** A cohort file that cannot be used: its message names file, field, value and what would be right. */
export class CohortError extends CodedError<CohortErrorCode> {
  override readonly name = 'CohortError'
}

/** `members[2].id` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`,
    '',
  )
}

/** A value as messages show it: short, and never in more than one line. */
export function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** What is wrong with a value that a person wrote. */
interface Problem {
  readonly kind: 'unknown' | 'missing' | 'invalid'
  readonly message: string
}

/** The first of a parser's findings as a sentence about its place. `fieldsAt` gives the names known there. */
export function problemOf(
  source: string,
  document: unknown,
  issues: readonly z.core.$ZodIssue[],
  fieldsAt: (path: readonly PropertyKey[]) => readonly string[],
): Problem {
  // A misspelt field is reported once, as misspelt, and not also as a missing field.
  const found = issues.flatMap(firstAlternative)
  const issue = found.find(({ code }) => code === 'unrecognized_keys') ?? found[0]!
  const place = pathText(issue.path)
  const where = place === '' ? source : `${source}: ${place}`
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!
    const known = fieldsAt(issue.path)
    return {
      kind: 'unknown',
      message: `${where}: unknown field ${key}${suggestion(key, known) || `; the fields are ${known.join(', ')}`}`,
    }
  }
  const value = valueAt(document, issue.path)
  const wanted = expected(issue, value)
  if (value === undefined) return { kind: 'missing', message: `${where} is missing; expected ${wanted}` }
  const near =
    issue.code === 'invalid_value' && typeof value === 'string'
      ? suggestion(value, issue.values.map(String))
      : ''
  return { kind: 'invalid', message: `${where} is ${valueText(value)}; expected ${wanted}${near}` }
}

/** Of a field that may have one of several forms, the first form is what a person most likely meant. */
function firstAlternative(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  const [first] = issue.code === 'invalid_union' ? issue.errors : []
  if (first === undefined) return [issue]
  return first.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of named fields',
}

function expected(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'string' && ['number', 'boolean'].includes(typeof value))
        return 'a text, in quotes'
      return kinds[issue.expected] ?? issue.expected
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return amount(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum)
    case 'too_big':
      return amount(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum)
    default:
      return issue.message
  }
}

function amount(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'array') return `${relation} ${limit} of them`
  if (origin === 'string') return `${relation} ${limit} letters`
  return `a ${origin === 'int' ? 'whole ' : ''}number, ${relation} ${limit}`
}

/** What a file of the user's exports, checked at the edge. */
import type { z } from 'zod'
import { OwnFileError, type OwnModule } from './own-module.ts'

/** What a file exports under a name: an object or a function. @throws OwnFileError OWN_EXPORT */
export function exportedAs(
  name: string,
  file: string,
  exports: OwnModule['exports'],
  example: string,
): object {
  const all = exportsOf(exports)
  const value = all[name]
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return value
  const names = Object.keys(all)
  const instead =
    value !== undefined
      ? `: its ${name} is ${value === null ? 'null' : `a ${typeof value}`}`
      : names.length === 0
        ? ''
        : `; it exports ${names.join(', ')}`
  throw new OwnFileError('OWN_EXPORT', `${file} exports no ${name}${instead}; expected: ${example}`)
}

/** Node gives what a file of CommonJS exports under this name, and only some of it under names of its own. */
function exportsOf(exports: OwnModule['exports']): OwnModule['exports'] {
  const common: unknown = exports['module.exports']
  return typeof common === 'object' && common !== null ? { ...common } : exports
}

/**
 * What a file exports, if it has the right form.
 * @param page of docs/, which describes it
 * @throws OwnFileError OWN_EXPORT that names the field
 */
export function checkedExport<T>(
  name: string,
  file: string,
  form: z.ZodType<T>,
  value: unknown,
  page = 'own-rule',
): T {
  const parsed = form.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = [name, ...(issue?.path ?? [])].join('.')
  throw new OwnFileError('OWN_EXPORT', `${file}: ${field}: ${issue?.message}; see docs/${page}.md`)
}

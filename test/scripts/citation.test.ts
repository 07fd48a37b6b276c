/** CITATION.cff: what its format requires, and what must be the package's own. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { parse } from 'yaml'
import { z } from 'zod'

const author = z.union([
  z.strictObject({ 'given-names': z.string().min(1), 'family-names': z.string().min(1) }),
  z.strictObject({ name: z.string().min(1) }),
])

/** The part of the format's version 1.2.0 that the file uses. */
const cff = z.strictObject({
  'cff-version': z.literal('1.2.0'),
  message: z.string().min(1),
  type: z.literal('software'),
  title: z.string().min(1),
  abstract: z.string().min(1),
  version: z.string(),
  license: z.string(),
  authors: z.array(author).min(1),
  keywords: z.array(z.string().min(1)).min(1),
  references: z.array(
    z.strictObject({
      type: z.enum(['generic', 'article', 'conference-paper']),
      title: z.string().min(1),
      authors: z.array(author).min(1),
      conference: z.strictObject({ name: z.string().min(1) }).optional(),
      journal: z.string().optional(),
      'collection-title': z.string().optional(),
      volume: z.int().optional(),
      issue: z.int().optional(),
      year: z.int().min(1980).max(2100).optional(),
      start: z.int().optional(),
      end: z.int().optional(),
      notes: z.string().optional(),
    }),
  ),
})

test('CITATION.cff has the form of its version, and the name, version and licence of the package', async t => {
  const parsed = cff.safeParse(parse(await readFile('CITATION.cff', 'utf8')))
  t.true(parsed.success, parsed.error?.message)
  const { version, license } = JSON.parse(await readFile('package.json', 'utf8'))
  t.like(parsed.data, { title: 'Concord', version, license })
  t.is(parsed.data?.references.length, 6)
})

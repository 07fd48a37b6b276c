/** Schema files: YAML into a typed schema, with errors that name the file, the field, the value and what would be right. */
import { stringify } from 'yaml'
import { DataError } from '../../learning/data/dataset.ts'
import { readText } from '../../learning/data/read-file.ts'
import { dataSchema, type Schema, schemaFieldsAt } from '../../learning/data/schema.ts'
import { problemOf } from '../cohort/errors.ts'
import { parseYaml } from '../cohort/yaml.ts'

/** As much as a cohort file, of which a schema becomes a part. */
const SCHEMA_BYTES_MAX = 2 ** 20

/** @throws DataError */
export async function readSchema(path: string): Promise<Schema> {
  const text = await readText(path, SCHEMA_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new DataError('DATA_MISSING', `${path}: no such schema; "concord data inspect" proposes one`)
    throw new DataError('DATA_UNREADABLE', `${path}: cannot be read (${error.message})`)
  })
  return parseSchema(text, path)
}

/**
 * @param source where the text comes from, for messages
 * @throws DataError `DATA_SCHEMA`
 */
export function parseSchema(text: string, source: string): Schema {
  const document = parseYaml(text, source, message => new DataError('DATA_SCHEMA', message))
  const parsed = dataSchema.safeParse(document)
  if (parsed.success) return parsed.data
  const { message } = problemOf(source, document, parsed.error.issues, path => schemaFieldsAt(path, document))
  throw new DataError('DATA_SCHEMA', message)
}

/** The text of a schema file. */
export function formatSchema(schema: Schema): string {
  const found =
    schema.kind === 'images' ? "A class's folder is found by its name" : 'Columns are found by their names'
  return [
    '# What the data of all members has in common: concord cohort create --schema FILE makes it part of a cohort,',
    `# and concord data check DATA --schema FILE says what in a member's data does not fit. ${found}.`,
    stringify(schema, { lineWidth: 0 }),
  ].join('\n')
}

/** `concord data inspect|check`: a schema for a table of a member's own, and what in a table does not fit one. */
import type { TableSchema } from '../../../learning/data/schema.ts'
import { defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'

const table = { name: '<file>', about: 'a table with a header: .csv, .tsv or .parquet' }

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'propose a schema for a table: what each column looks like, what is left out and why',
  about:
    'Reads the whole file and sends nothing. The schema names columns, categories and classes, and may hold means and deviations of this file, rounded: all members of a cohort see it.',
  arguments: [table],
  options: {
    target: maybe('--target <name>', 'the column to be learnt', text, 'required'),
    out: maybe('-o, --out <file>', 'write the schema there', text, 'standard output'),
    force: flag('--force', 'replace the file if it exists'),
    scale: flag('--no-scale', 'take numbers as they are, without means and deviations of this file'),
  },
  examples: ['ours.csv --target outcome -o schema.yaml'],
  async handler({ target, out, force, scale }, [file], terminal) {
    if (target === null)
      throw new UsageError(
        '--target is missing; expected the name of the column to be learnt, as in the header',
      )
    await requireOutput('--out', out)
    const [{ proposeSchema }, { formatSchema }] = await Promise.all([
      import('../../../learning/data/propose-schema.ts'),
      import('../../data/schema-file.ts'),
    ])
    const { schema, sentences } = await proposeSchema(file!, target, scale)
    if (out === null) {
      terminal.reserveOutput()
      terminal.print(...sentences)
      terminal.data(formatSchema(schema))
      return 0
    }
    const [{ writeOutput }, { writeNew }] = await Promise.all([
      import('../../files/output.ts'),
      import('../../files/safe-open.ts'),
    ])
    const write = force ? writeOutput : writeNew
    await write(out, formatSchema(schema)).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(
        error.code === 'EEXIST'
          ? `--out is "${out}", which exists already; expected a new name, or --force to replace it`
          : `--out is "${out}", which cannot be written: ${error.message}`,
      )
    })
    terminal.print(
      ...sentences,
      `wrote ${out}: read it, change what the members know better, and give it to all`,
    )
    return 0
  },
})

export const check = defineCommand({
  name: 'check',
  summary: "say what in a table does not fit the members' schema, by line and column",
  about: 'Reads the whole file and sends nothing. Exit code 0 if all of it fits, 1 if something does not.',
  arguments: [table],
  options: {
    schema: maybe('--schema <file>', 'a schema', text, 'the one in the cohort file'),
    cohort: maybe('--cohort <file>', 'a cohort file with a schema', text, 'required without --schema'),
    json: flag('--json', 'print { fits, misfits, lines, notes } as JSON'),
  },
  examples: ['ours.csv --cohort cohort.yaml', 'ours.csv --schema schema.yaml'],
  async handler({ schema, cohort, json }, [file], terminal) {
    const agreed = await schemaOf(schema, cohort)
    const { checkTable } = await import('../../../learning/data/own-table.ts')
    const { misfits, notes, holds } = await checkTable(file!, agreed)
    const fits = misfits.count === 0
    const lines = misfits.lines()
    if (json) terminal.json({ fits, misfits: misfits.count, lines, notes })
    else if (fits) terminal.print(`${file} fits the schema: ${holds}`, ...notes)
    else {
      terminal.warn(...lines)
      terminal.print(
        ...notes,
        `${misfits.count === 1 ? '1 thing does' : `${misfits.count} things do`} not fit`,
      )
    }
    return fits ? 0 : 1
  },
})

async function schemaOf(schema: string | null, cohort: string | null): Promise<TableSchema> {
  if ((schema === null) === (cohort === null))
    throw new UsageError(
      `--schema and --cohort are ${schema === null ? 'missing' : 'both given'}; expected one of them`,
    )
  if (schema !== null) {
    const { readSchema } = await import('../../data/schema-file.ts')
    return readSchema(schema)
  }
  const { readCohort } = await import('../../cohort/file.ts')
  const agreed = (await readCohort(cohort!)).schema
  if (agreed === undefined)
    throw new UsageError(
      `--cohort is "${cohort}", which has no schema; expected one that "concord cohort create --schema" made`,
    )
  return agreed
}

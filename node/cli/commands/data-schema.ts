/** `concord data inspect|check`: a schema for data of a member's own, and what in such data does not fit one. */
import { stat } from 'node:fs/promises'
import { parseDataName, parseSize } from '../../../learning/data/data-name.ts'
import type { Schema } from '../../../learning/data/schema.ts'
import { defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'

const ownData = {
  name: '<data>',
  about:
    'a table with a header (.csv, .tsv or .parquet), or a folder with a folder of .png or .jpg images for each class',
}

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'propose a schema for a table or a folder of images: what is in it, what is left out and why',
  about:
    'Reads all of the data and sends nothing. The schema names columns, categories and classes of this data: all members of a cohort see it.',
  arguments: [ownData],
  options: {
    target: maybe('--target <name>', 'the column to be learnt', text, 'required for a table'),
    size: maybe('--size <width>x<height>', 'to what images are brought', imageSize, 'the commonest size'),
    out: maybe('-o, --out <file>', 'write the schema there', text, 'standard output'),
    force: flag('--force', 'replace the file if it exists'),
    scale: flag('--no-scale', 'take numbers as they are, and agree on no means and deviations'),
  },
  examples: ['ours.csv --target outcome -o schema.yaml', 'photos --size 28x28 -o schema.yaml'],
  async handler({ target, size, out, force, scale }, [data], terminal) {
    const isFolder = await isDirectory(parseDataName(data!).path)
    checkInspection({ target, size }, isFolder)
    await requireOutput('--out', out)
    const { formatSchema } = await import('../../data/schema-file.ts')
    const { schema, sentences } = isFolder
      ? await (await import('../../../learning/data/propose-images.ts')).proposeImageSchema(
          data!,
          size,
          scale,
        )
      : await (await import('../../../learning/data/propose-schema.ts')).proposeSchema(data!, target!, scale)
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
  summary: "say what in a member's data does not fit the schema: by line and column, or by image",
  about: 'Reads all of the data and sends nothing. Exit code 0 if all of it fits, 1 if something does not.',
  arguments: [ownData],
  options: {
    schema: maybe('--schema <file>', 'a schema', text, 'the one in the cohort file'),
    cohort: maybe('--cohort <file>', 'a cohort file with a schema', text, 'required without --schema'),
    json: flag('--json', 'print { fits, misfits, lines, notes } as JSON'),
  },
  examples: ['ours.csv --cohort cohort.yaml', 'photos --schema schema.yaml'],
  async handler({ schema, cohort, json }, [data], terminal) {
    const agreed = await schemaOf(schema, cohort)
    const { checkOwnData } = await import('../../../learning/data/own-data.ts')
    const { misfits, notes, holds } = await checkOwnData(data!, agreed)
    const fits = misfits.count === 0
    const lines = misfits.lines()
    if (json) terminal.json({ fits, misfits: misfits.count, lines, notes })
    else if (fits) terminal.print(`${data} fits the schema: ${holds}`, ...notes)
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

function imageSize(value: string, name: string) {
  const size = parseSize(value)
  if (size === null)
    throw new UsageError(`${name} is "${value}"; expected width and height in pixels, such as 28x28`)
  return size
}

interface Inspection {
  readonly target: string | null
  readonly size: object | null
}

function checkInspection({ target, size }: Inspection, isFolder: boolean): void {
  if (isFolder && target !== null)
    throw new UsageError(
      `--target is "${target}", and folders of images have their classes for names; expected a table, or no --target`,
    )
  if (!isFolder && size !== null)
    throw new UsageError('--size is for images; expected a folder of images, or no --size')
  if (!isFolder && target === null)
    throw new UsageError(
      '--target is missing; expected the name of the column to be learnt, as in the header',
    )
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}

async function schemaOf(schema: string | null, cohort: string | null): Promise<Schema> {
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

/**
 * The description of a model: what a checkpoint says, beside its parameters, so that the model can be used. It holds
 * what the members had agreed on, and no row of anyone's data. A checkpoint may come from anybody: nothing in its
 * description is believed before it is checked.
 */
import { z } from 'zod'
import type { ExampleForm } from '../../learning/data/dataset.ts'
import {
  isSettled,
  type SettledTable,
  schemaFieldsAt,
  TEXT_LENGTH_MAX,
  tableSchema,
} from '../../learning/data/schema.ts'
import { CLASSES_MAX } from '../../learning/data/targets.ts'
import { problemOf } from '../cohort/errors.ts'
import { versionOf } from '../daemon/version.ts'
import type { Checkpoint } from './checkpoint.ts'
import { FileError } from './error.ts'

/** What a model is given: rows of a table by a schema, or examples of one form. */
export type ModelInputs =
  | { readonly kind: 'table'; readonly schema: SettledTable }
  | { readonly kind: 'examples'; readonly form: ExampleForm }

/** What is known of a model. */
export interface ModelDescription {
  /** A name in `models/registry.ts`. */
  readonly model: string
  /** Of the Concord that wrote it; null if the file does not say. */
  readonly version: string | null
  readonly cohort: { readonly id: string; readonly name: string } | null
  /** After how many steps of learning. */
  readonly step: number | null
  readonly inputs: ModelInputs
}

/** What a description is made from. */
export interface Described {
  readonly cohort: { readonly id: string; readonly name: string } | null
  /** Null for data without a schema of tables. */
  readonly schema: SettledTable | null
  /** Needed without a schema; a model of the user's own program has neither. */
  readonly form: ExampleForm | undefined
  readonly step: number | null
}

/** The notes of a checkpoint that describe its model; `descriptionOf` reads them back. */
export function describe({ cohort, schema, form, step }: Described): Checkpoint['notes'] {
  return {
    version: versionOf(),
    ...(cohort !== null && { cohort: cohort.id, cohortName: cohort.name }),
    ...(step !== null && { step: String(step) }),
    ...(schema !== null
      ? { schema: JSON.stringify(schema) }
      : form !== undefined && { data: JSON.stringify(form) }),
  }
}

/** An example of more values is no work for these models, and its tensors fit no file. */
const EXAMPLE_SIZE_MAX = 2 ** 24

const channels = z.array(z.number()).min(1).max(4).readonly()
const normalisation = z
  .strictObject({
    mean: channels,
    deviation: z.array(z.number().positive()).min(1).max(4).readonly(),
  })
  .refine(({ mean, deviation }) => mean.length === deviation.length, 'as many deviations as means')
  .readonly()
const formSchema = z
  .strictObject({
    shape: z
      .array(z.int().min(1))
      .min(1)
      .max(3)
      .refine(
        shape => shape.reduce((product, side) => product * side, 1) <= EXAMPLE_SIZE_MAX,
        `at most ${EXAMPLE_SIZE_MAX} values`,
      )
      .readonly(),
    classes: z.int().min(0).max(CLASSES_MAX),
    classNames: z.array(z.string().max(TEXT_LENGTH_MAX)).readonly().optional(),
    normalisation: normalisation.nullable(),
  })
  .superRefine(({ shape, classes, classNames, normalisation }, { addIssue }) => {
    const wrong = (field: string, input: unknown, message: string) =>
      addIssue({ code: 'custom', path: [field], input, message })
    if (classNames !== undefined && classNames.length !== classes)
      wrong('classNames', classNames, `${classes} names, one for each class`)
    const count = normalisation?.mean.length ?? 1
    if (count !== 1 && count !== shape[2])
      wrong('normalisation', normalisation, 'one mean and deviation, or one for each channel')
  })
  .readonly()

const settledSchema = tableSchema.refine(
  isSettled,
  'numbers in the place of "agreed"',
) as unknown as z.ZodType<SettledTable>

const FORM_FIELDS = Object.keys({ shape: 0, classes: 0, classNames: 0, normalisation: 0 })

/**
 * @param source the file, for messages
 * @returns null if the file does not describe its model, as those of earlier versions and of others
 * @throws FileError `malformed`, naming the note, the value and what would be right
 */
export function descriptionOf(
  { model, layout, notes }: Pick<Checkpoint, 'model' | 'layout' | 'notes'>,
  source: string,
): ModelDescription | null {
  const { version = null, cohort, cohortName = '', step, schema, data } = notes
  if (model === null || layout === 'own' || (schema === undefined && data === undefined)) return null
  const inputs: ModelInputs =
    schema !== undefined
      ? {
          kind: 'table',
          schema: parsed(schema, `${source}, schema`, settledSchema, schemaFieldsAt),
        }
      : {
          kind: 'examples',
          form: parsed(data!, `${source}, data`, formSchema, () => FORM_FIELDS) as ExampleForm,
        }
  if (step !== undefined && !/^\d{1,15}$/.test(step))
    throw new FileError(
      'malformed',
      `${source}: step is ${JSON.stringify(step.slice(0, 20))}; expected a whole number`,
    )
  return {
    model,
    version,
    cohort: cohort === undefined ? null : { id: cohort, name: cohortName },
    step: step === undefined ? null : Number(step),
    inputs,
  }
}

function parsed<T>(
  text: string,
  source: string,
  schema: z.ZodType<T>,
  fieldsAt: (path: readonly PropertyKey[], document: unknown) => readonly string[],
): T {
  let document: unknown
  if (depthOf(text) > DEPTH_MAX)
    throw new FileError('malformed', `${source}: it is nested too deep; expected what "concord" writes there`)
  try {
    document = JSON.parse(text)
  } catch {
    throw new FileError('malformed', `${source}: it is not JSON; expected what "concord" writes there`)
  }
  const result = schema.safeParse(document)
  if (result.success) return result.data
  const { message } = problemOf(source, document, result.error.issues, path => fieldsAt(path, document))
  throw new FileError('malformed', message)
}

/** Of what is described nothing is nested deeper. */
const DEPTH_MAX = 16

/** How deep brackets are nested in a text, those inside of strings left out. */
function depthOf(text: string): number {
  let [depth, deepest, isString] = [0, 0, false]
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]
    if (isString) {
      if (letter === '\\') i += 1
      else if (letter === '"') isString = false
    } else if (letter === '"') isString = true
    else if (letter === '[' || letter === '{') deepest = Math.max(deepest, ++depth)
    else if (letter === ']' || letter === '}') depth -= 1
  }
  return deepest
}

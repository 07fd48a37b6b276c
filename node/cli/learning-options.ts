/** Options of a peer that learns: the source of its gradients, its start, and the file for the result. */
import type { Cohort } from '../cohort/cohort.ts'
import { EXTERNAL_MODEL, wrongOracle, wrongSaveEvery } from '../oracle/open.ts'
import { maybe, option, UsageError } from './command.ts'
import { cohortOptions } from './options.ts'
import { decimal, integer, text } from './parse.ts'

export const learningOptions = {
  oracle: maybe(
    '--oracle <command>',
    'a program that computes the gradients, such as "python3 train.py" (docs/oracles.md)',
    text,
    'one of our models',
  ),
  oracleTimeout: option(
    '--oracle-timeout <seconds>',
    'how long one answer of the --oracle may take',
    decimal({ above: 0, max: 2_000_000 }),
    600,
  ),
  init: maybe('--init <file>', 'start from this checkpoint (.safetensors)', text, 'drawn by the seed'),
  save: maybe('--save <file>', 'write the learnt model as a checkpoint (.safetensors)', text),
  saveEvery: maybe(
    '--save-every <k>',
    'write it after every k steps too, under a name with the step',
    integer({ min: 1 }),
    'at the end, and when the run is interrupted',
  ),
} as const

export interface LearningValues {
  readonly oracle: string | null
  readonly oracleTimeout: number
  readonly init: string | null
  readonly save: string | null
  readonly saveEvery: number | null
  readonly augment: 'none' | 'mirror'
}

/** @throws UsageError where a cohort's model needs an oracle, the oracle does without what is asked for, or nothing is saved */
export function checkOracle({ oracle, augment, save, saveEvery }: LearningValues, model: string): void {
  const never = wrongSaveEvery(save, saveEvery)
  if (never !== null) throw new UsageError(`--${never}`)
  const wrong = wrongOracle(model, oracle, augment)
  if (wrong !== null) throw new UsageError(`--${wrong.why}`)
}

interface ExternalValues {
  readonly oracle: string | null
  readonly model: string
  readonly augment: 'none' | 'mirror'
}

/**
 * The model of a simulated cohort: a user's program computes none of ours.
 * @throws UsageError where a model, or how examples are altered, is named beside an oracle
 */
export function externalModel({ oracle, model, augment }: ExternalValues): string {
  const wrong = wrongOracle(model, oracle, augment)
  if (wrong !== null) throw new UsageError(`--${wrong.why}`)
  if (oracle === null) return model
  if (model !== EXTERNAL_MODEL && model !== cohortOptions.model.fallback)
    throw new UsageError(
      `--model is "${model}", but an --oracle has a model of its own; expected one of the two`,
    )
  return EXTERNAL_MODEL
}

/** A cohort's settings, with the checkpoint that its members start from. @throws FileError if it is unreadable */
export async function startingFrom<Settings extends Pick<Cohort, 'init'>>(
  init: string | null,
  settings: Settings,
): Promise<Settings> {
  if (init === null) return settings
  const { digestOfFile } = await import('../oracle/start-digest.ts')
  return { ...settings, init: await digestOfFile(init) }
}

/** The same as arguments, for one of our processes. */
export function learningArguments({
  oracle,
  oracleTimeout,
  init,
  augment,
}: LearningValues): readonly string[] {
  return [
    ...(oracle === null ? [] : ['--oracle', oracle, '--oracle-timeout', String(oracleTimeout)]),
    ...(init === null ? [] : ['--init', init]),
    ...(augment === 'none' ? [] : ['--augment', augment]),
  ]
}

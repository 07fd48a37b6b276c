/** Options of a peer that learns: where its gradients come from, where it starts, where the result goes. */
import type { Cohort } from '../cohort/cohort.ts'
import { EXTERNAL_MODEL, type OracleChoice } from '../oracle/open.ts'
import { maybe, option, UsageError } from './command.ts'
import { decimal, text } from './parse.ts'

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
  save: maybe('--save <file>', 'write what was learnt as a checkpoint (.safetensors)', text),
} as const

export interface LearningValues {
  readonly oracle: string | null
  readonly oracleTimeout: number
  readonly init: string | null
  readonly save: string | null
  readonly augment: 'none' | 'mirror'
}

/** The part of an oracle's choice that comes from the command line. @throws UsageError where it lacks the oracle */
export function oracleChoice(
  { oracle, oracleTimeout, init, augment }: LearningValues,
  model: string,
): Omit<OracleChoice, 'spec'> {
  if (model === EXTERNAL_MODEL && oracle === null)
    throw new UsageError(
      `--oracle is missing: the cohort's model is "${EXTERNAL_MODEL}", so every member brings its own program; expected such as --oracle "python3 train.py"`,
    )
  if (oracle !== null && augment !== 'none')
    throw new UsageError(
      `--augment is "${augment}", but the gradients come from --oracle; expected none: the program alters its examples itself`,
    )
  return { command: oracle, timeoutSeconds: oracleTimeout, init }
}

/** A cohort's settings, with the checkpoint that its members start from. @throws FileError where it is unreadable */
export async function startingFrom<Settings extends Pick<Cohort, 'init'>>(
  init: string | null,
  settings: Settings,
): Promise<Settings> {
  if (init === null) return settings
  const { digestOfFile } = await import('../oracle/start-digest.ts')
  return { ...settings, init: await digestOfFile(init) }
}

/** The same as arguments, for a process of ours. */
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

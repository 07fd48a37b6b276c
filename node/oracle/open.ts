/** The oracle of a peer: one of our models in a thread, or a process of the user's. */
import type { Vector } from '../../agreement/vector.ts'
import type { Schema } from '../../learning/data/schema.ts'
import { settledImages, settledTable } from '../../learning/data/statistics.ts'
import { namesSizes } from '../../learning/models/mlp.ts'
import { expectedModel, isModelName, modelNames } from '../../learning/models/registry.ts'
import { OracleError } from '../../learning/oracles/error.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../learning/oracles/spec.ts'
import type { Layout } from '../files/checkpoint.ts'
import type { Described } from '../files/description.ts'
import { suggestion } from '../text/nearest.ts'

export interface OracleChoice {
  readonly spec: OracleSpec
  /** `--oracle`: the command of a process; null for one of our models. */
  readonly command: string | null
  /** `--oracle-timeout`: for one answer, in seconds. */
  readonly timeoutSeconds: number
  /** `--init`: a checkpoint to start from; null if the model has its own start. */
  readonly init: string | null
}

/** The cohort's model if all members compute their gradients with programs of their own. */
export const EXTERNAL_MODEL = 'external'

/**
 * What would be right in place of a model's name, to follow "expected"; null if the name is right.
 * @param others names that are right besides those of our models
 */
export function wrongModel(name: string, others: readonly string[]): string | null {
  if (isModelName(name) || others.includes(name)) return null
  const near = namesSizes(name) ? '' : suggestion(name, [...modelNames, ...others])
  return `${expectedModel(name, others)}${near}`
}

/** What is wrong with where gradients come from, as a sentence that begins with the option's name; null: nothing. */
export function wrongOracle(
  model: string,
  command: string | null,
  augment: 'none' | 'mirror',
): { readonly code: 'option-missing' | 'option-clash'; readonly why: string } | null {
  if (model === EXTERNAL_MODEL && command === null)
    return {
      code: 'option-missing',
      why: `oracle is missing: the cohort's model is "${EXTERNAL_MODEL}", so every member brings its own program; expected such as "python3 train.py"`,
    }
  if (command !== null && augment !== 'none')
    return {
      code: 'option-clash',
      why: `augment is "${augment}", but the gradients come from an oracle of your own; expected none: the program alters its examples itself`,
    }
  return null
}

/** What is wrong with when parameters are saved, as a sentence that begins with the option's name; null: nothing. */
export function wrongSaveEvery(save: string | null, every: number | null): string | null {
  if (every === null) return null
  if (!(Number.isInteger(every) && every >= 1))
    return `save-every is ${every}; expected a whole number of steps, at least 1`
  return save === null ? `save-every is ${every}, and save names no file; expected both, or neither` : null
}

/** @throws DataError, ModelError, OracleError, FileError where the checkpoint does not fit */
export async function openOracle(
  choice: OracleChoice,
  software: string,
  onLine: (line: string) => void,
): Promise<ModelOracle> {
  const oracle = await openAtStart(choice, software, onLine)
  if (choice.init === null) return oracle
  try {
    const initial = oracle.initial.slice() // its own statistics stay behind the parameters
    initial.set(await readStart(choice.init, oracle.parameters))
    return { ...oracle, initial }
  } catch (error) {
    await oracle.close()
    throw error
  }
}

/** θ₁ from a checkpoint. @throws FileError if it does not fit */
export async function readStart(path: string, parameters: ModelOracle['parameters']): Promise<Vector> {
  const { readCheckpoint, vectorOf } = await import('../files/checkpoint.ts')
  return vectorOf(await readCheckpoint(path), parameters, path)
}

async function openAtStart(
  { spec, command, timeoutSeconds }: OracleChoice,
  software: string,
  onLine: (line: string) => void,
): Promise<ModelOracle> {
  if (command === null) {
    const { createOracle } = await import('../../learning/oracles/worker-oracle.ts')
    return createOracle(spec)
  }
  if (spec.backdoor !== undefined)
    throw new OracleError(
      'ORACLE_ATTACK',
      `the attack backdoor paints its trigger into images that Concord reads, and "${command}" reads its own; expected another attack, or one of our models`,
    )
  const { createChildOracle } = await import('./child-oracle.ts')
  const { peer, peers, seed, data, partition, relabel = null } = spec
  return createChildOracle({
    command,
    task: { software, peer, peers, seed, data, partition, relabel },
    onLine,
    limits: { answerMs: timeoutSeconds * 1000 },
  })
}

/** Where in which run parameters were learnt. */
export interface LearntIn {
  /** Null for a run that has no cohort. */
  readonly cohort: { readonly id: string; readonly name: string } | null
  /** The step after which these are the parameters. */
  readonly step: number
  /** The run goes on; absent: it is done. */
  readonly isUnfinished?: boolean
}

/** Saves the parameters that a peer has learnt, as a checkpoint with all that is needed to use the model. */
export async function saveCheckpoint(
  path: string,
  { parameters, form, statistics = 0 }: Pick<ModelOracle, 'parameters' | 'form' | 'statistics'>,
  vector: Float32Array,
  { spec, command }: Pick<OracleChoice, 'spec' | 'command'>,
  { cohort, step, isUnfinished = false }: LearntIn,
): Promise<void> {
  const [{ checkpointOf, writeCheckpoint }, { describe }] = await Promise.all([
    import('../files/checkpoint.ts'),
    import('../files/description.ts'),
  ])
  const layout: Layout = command === null ? 'jax' : 'own'
  const agreed = vector.subarray(vector.length - statistics)
  const described = describe({ cohort, step, ...settledInputs(spec.own?.schema, form, agreed) })
  const notes = { ...described, ...(isUnfinished && { unfinished: 'true' }) }
  await writeCheckpoint(path, checkpointOf(parameters, vector, spec.model, layout, notes))
}

/** What a model is given, with the figures that the members agreed on in their places. */
function settledInputs(
  schema: Schema | undefined,
  form: ModelOracle['form'],
  statistics: Vector,
): Pick<Described, 'schema' | 'form'> {
  if (schema?.kind === 'table') return { schema: settledTable(schema, statistics), form }
  const scale = schema && settledImages(schema, statistics).scale
  const isSettled = typeof scale === 'object' && form !== undefined
  return { schema: null, form: isSettled ? { ...form, normalisation: scale } : form }
}

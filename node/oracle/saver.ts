/**
 * Saves what a run has learnt. While it learns, that is under a name with the step, as `model.step-120.safetensors`, of
 * which the newest is kept; at the end under the name itself. So a file of that name is never an unfinished run's.
 */
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Vector } from '../../agreement/vector.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { readNotes } from '../files/checkpoint.ts'
import { type LearntIn, type OracleChoice, saveCheckpoint } from './open.ts'

/** A file with the parameters after a step. */
export interface SavedStep {
  readonly path: string
  readonly step: number
}

interface SaverOptions {
  /** The name of the finished model. */
  readonly path: string
  /** Saves after every so many steps; null: only when it is asked to. */
  readonly every: number | null
  readonly choice: Pick<OracleChoice, 'spec' | 'command'>
  readonly cohort: NonNullable<LearntIn['cohort']>
  /** Takes what went wrong on the way, which must not stop the learning. */
  readonly onTrouble: (text: string) => void
}

export interface Saver {
  /** The same oracle; where it is asked for a gradient, it has the parameters of the step before at hand. */
  readonly oracle: ModelOracle
  /** Saves the newest parameters under a name with their step; null if no step is over. @throws FileError */
  now(): Promise<SavedStep | null>
  /** Saves the result, and removes the files on the way. @throws FileError */
  done(parameters: Vector, step: number): Promise<void>
}

interface At {
  readonly step: number
  readonly parameters: Vector
}

export function createSaver(
  oracle: ModelOracle,
  { path, every, choice, cohort, onTrouble }: SaverOptions,
): Saver {
  let newest: At | null = null
  let saved = 0
  let waiting: At | null = null
  let writing: Promise<void> | null = null
  const write = async ({ step, parameters }: At): Promise<SavedStep> => {
    const file = stepPath(path, step)
    await saveCheckpoint(file, oracle, parameters, choice, { cohort, step, isUnfinished: true })
    saved = step
    await removeSteps(path, cohort.id, file)
    return { path: file, step }
  }
  // A disk that is slower than the steps writes fewer of them.
  const drain = async () => {
    for (let next = waiting; next !== null; next = waiting) {
      waiting = null
      await write(next).catch((error: Error) => onTrouble(error.message))
    }
    writing = null
  }
  const see = (step: number, parameters: Vector) => {
    // A peer that starts again asks again.
    if (step < 1 || step <= (newest?.step ?? 0)) return
    newest = { step, parameters }
    if (every === null || step % every !== 0) return
    waiting = newest
    writing ??= drain()
  }
  return {
    oracle: {
      ...oracle,
      gradient(request) {
        see(request.step - 1, request.parameters)
        return oracle.gradient(request)
      },
    },
    async now() {
      waiting = null
      await writing
      if (newest === null) return null
      return newest.step === saved ? { path: stepPath(path, saved), step: saved } : write(newest)
    },
    async done(parameters, step) {
      waiting = null
      await writing
      await saveCheckpoint(path, oracle, parameters, choice, { cohort, step })
      await removeSteps(path, cohort.id, null)
    },
  }
}

/** `model.step-120.safetensors` of `model.safetensors`. */
function stepPath(path: string, step: number): string {
  const ending = extname(path)
  return join(dirname(path), `${basename(path, ending)}.step-${step}${ending}`)
}

/** Removes the files of this cohort's steps, earlier starts' too; finished models, and what is others', may have such names. */
async function removeSteps(path: string, cohortId: string, kept: string | null): Promise<void> {
  const folder = dirname(path)
  const ending = extname(path)
  const start = `${basename(path, ending)}.step-`
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name)
    const step =
      name.startsWith(start) && name.endsWith(ending)
        ? name.slice(start.length, name.length - ending.length)
        : ''
    if (!/^\d+$/.test(step) || file === kept) continue
    const notes = await readNotes(file).catch(() => null)
    if (notes?.cohort === cohortId && notes.unfinished === 'true') await rm(file, { force: true })
  }
}

/**
 * The journal's checkpoints: LEARN's newest state, and the parameters of the last steps, which others may need to catch
 * up. Long vectors stand in the file beside the log, and the checkpoints say where.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import type { PastParameters } from '../../learning/recovery/contract.ts'
import type { Numbered } from './journal-log.ts'
import {
  type CheckpointAt,
  encodeCheckpoint,
  encodeCheckpointAt,
  type JournalRecord,
} from './journal-records.ts'
import type { JournalVectors, VectorAt } from './journal-vectors.ts'

export interface Checkpoints {
  /** The newest state of the last run, read when it is asked for; null at the first start, and after the first `put`. */
  readonly recovered: LearnState | null
  /** The parameters of the last run's last steps. What is done to it changes no checkpoint. */
  history(): PastParameters
  /** The record of a state, from which a restart goes on. @param keptFrom what is older is kept no longer */
  put(state: LearnState, keptFrom: number): Numbered
  /** The records of all states but this step's, ascending. */
  othersThan(step: number): readonly Numbered[]
  forgetBefore(step: number): void
  clear(): void
}

/** @param vectors where the vectors stand; null: in the records */
export function createCheckpoints(
  records: readonly JournalRecord[],
  vectors: JournalVectors | null,
): Checkpoints {
  return vectors === null ? inRecords(records) : beside(records, vectors)
}

function inRecords(records: readonly JournalRecord[]): Checkpoints {
  const states = records.flatMap(record => (record.kind === 'checkpoint' ? [record.state] : []))
  const ascending = states.toSorted((a, b) => a.step - b.step)
  const past = new Map<number, Vector>(ascending.map(({ step, parameters }) => [step, parameters]))
  let recovered = ascending.at(-1) ?? null
  return {
    get recovered() {
      return recovered
    },
    history: () => new Map(past),
    put(state) {
      recovered = null
      past.set(state.step, state.parameters)
      return entry => encodeCheckpoint(state, entry)
    },
    othersThan: newest =>
      others(past, newest, (step, parameters, entry) =>
        encodeCheckpoint({ step, parameters, momentum: null }, entry),
      ),
    forgetBefore(step) {
      for (const old of past.keys()) if (old < step) past.delete(old)
    },
    clear: () => past.clear(),
  }
}

function beside(records: readonly JournalRecord[], vectors: JournalVectors): Checkpoints {
  const written = records.filter(record => record.kind === 'checkpoint-at')
  const ascending = written.toSorted((a, b) => a.step - b.step)
  const past = new Map(ascending.map(({ step, parameters }) => [step, parameters]))
  let newest = ascending.at(-1)
  let only: readonly (VectorAt | null)[] =
    newest === undefined ? [] : [newest.momentum, newest.residual, newest.drawn]
  const forget = (step: number) => {
    const at = past.get(step)
    past.delete(step)
    if (at !== undefined) vectors.release(at.digest)
  }
  const releaseOnly = () => {
    for (const at of only) if (at !== null) vectors.release(at.digest)
    only = []
  }
  const read = (at: VectorAt) => vectors.load(at.digest)
  return {
    get recovered() {
      return newest === undefined ? null : stateOf(newest, read)
    },
    history: () => vectors.history(past),
    put({ step, parameters, momentum, residual, drawn }, keptFrom) {
      const putOne = (vector: Vector | null | undefined) => (vector ? vectors.put(vector) : null)
      const at: CheckpointAt = {
        step,
        keptFrom,
        parameters: vectors.put(parameters),
        momentum: putOne(momentum),
        residual: putOne(residual),
        drawn: putOne(drawn),
      }
      newest = undefined
      forget(step)
      past.set(step, at.parameters)
      releaseOnly()
      only = [at.momentum, at.residual, at.drawn]
      return entry => encodeCheckpointAt(at, vectors.dimension, entry)
    },
    othersThan: newest =>
      others(past, newest, (step, parameters, entry) =>
        encodeCheckpointAt({ step, keptFrom: 0, parameters, ...NOTHING_ELSE }, vectors.dimension, entry),
      ),
    forgetBefore(step) {
      for (const old of past.keys()) if (old < step) forget(old)
    },
    clear() {
      for (const step of past.keys()) forget(step)
      releaseOnly()
    },
  }
}

function others<T>(
  past: ReadonlyMap<number, T>,
  newest: number,
  encode: (step: number, parameters: T, entry: number) => Uint8Array,
): readonly Numbered[] {
  const earlier = [...past].filter(([step]) => step !== newest)
  return earlier.map(
    ([step, parameters]) =>
      entry =>
        encode(step, parameters, entry),
  )
}

const NOTHING_ELSE = { momentum: null, residual: null, drawn: null } as const

function stateOf(
  { step, parameters, momentum, residual, drawn }: CheckpointAt,
  read: (at: VectorAt) => Vector,
): LearnState {
  return {
    step,
    parameters: read(parameters),
    momentum: momentum === null ? null : read(momentum),
    ...(residual !== null && { residual: read(residual) }),
    ...(drawn !== null && { drawn: read(drawn) }),
  }
}

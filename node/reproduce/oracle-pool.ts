/**
 * Where experiments get their learning from: oracles of a whole cohort, opened once a thread and kept while the next
 * runs need the same ones.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { Dataset } from '../../learning/data/dataset.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import { evaluateOn } from '../../learning/oracles/evaluate.ts'
import { loadJax } from '../../learning/oracles/jax.ts'
import {
  type Asked,
  createOracleGroup,
  type ModelOracle,
  type OracleGroup,
} from '../../learning/oracles/jax-oracle.ts'
import type { Machine } from '../../learning/oracles/machine.ts'
import { createOracleCache, type OracleCache } from '../../learning/oracles/oracle-cache.ts'
import type { GradientSource } from '../../learning/server/server.ts'

interface TaskSpec {
  readonly model: string
  readonly data: string
  /** `shared`: every worker draws from the whole training set; else a partition of it. */
  readonly partition: string
  readonly workers: number
  /** Of the partition, the batches and θ₁. */
  readonly seed: number
  /** Workers that train on flipped labels. */
  readonly flipped: readonly number[]
}

interface Task {
  readonly start: Vector
  /** One for each worker; with shared data, one for all, and one for those with flipped labels. */
  readonly oracles: readonly ModelOracle[]
  readonly gradients: GradientSource
}

export interface OraclePool {
  /** @throws DataError, ModelError */
  open(spec: TaskSpec): Promise<Task>
  /** On so many examples evenly from the test set; all of them where it has fewer. */
  evaluate(model: string, data: string, parameters: Vector, examples: number): Promise<Evaluation>
}

/** Tasks kept: each holds the shares of all workers. */
const tasksMax = 3
/** Shares kept besides, for tasks that differ in whose labels are flipped. */
const sharesMax = 16

export function createOraclePool(): OraclePool {
  const tasks = new Map<string, Promise<Task>>()
  const judges = new Map<string, Promise<Judge>>()
  const oracleCache = createOracleCache(sharesMax)
  return {
    open(spec) {
      const key = JSON.stringify(spec)
      const task = tasks.get(key) ?? openTask(spec, oracleCache)
      tasks.delete(key)
      tasks.set(key, task)
      if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!)
      return task
    },
    async evaluate(model, data, parameters, examples) {
      const key = JSON.stringify([model, data])
      const opened = judges.get(key) ?? openJudge(model, data, oracleCache)
      judges.set(key, opened)
      return judge(await opened, parameters, examples)
    },
  }
}

async function openTask(spec: TaskSpec, oracleCache: OracleCache): Promise<Task> {
  if (spec.partition === 'shared') return openShared(spec, oracleCache)
  const { model, data, partition, workers, seed, flipped } = spec
  const group = await createOracleGroup(
    Array.from({ length: workers }, (_, peer) => ({
      model,
      data,
      partition,
      seed,
      peer,
      peers: workers,
      ...(flipped.includes(peer) && { relabel: 'flip' as const }),
    })),
    oracleCache,
  )
  return taskOf(group, worker => ({ worker }))
}

/**
 * All workers on one oracle over the whole training set: worker `w` of `n` asks at step `t` for the batch of step
 * `(t − 1)n + w + 1`, so that each draws its own.
 */
async function openShared(
  { model, data, workers, seed, flipped }: TaskSpec,
  oracleCache: OracleCache,
): Promise<Task> {
  const whole = { model, data, partition: 'iid', seed, peer: 0, peers: 1 }
  const poisoned = flipped.length > 0 ? [{ ...whole, relabel: 'flip' as const }] : []
  const group = await createOracleGroup([whole, ...poisoned], oracleCache)
  return taskOf(group, (worker, step) => ({
    worker: flipped.includes(worker) ? 1 : 0,
    step: (step - 1) * workers + worker + 1,
  }))
}

/** @param ask whom of the group a worker's gradient comes from, and of which step its batch is */
function taskOf(group: OracleGroup, ask: (worker: number, step: number) => Asked): Task {
  return {
    start: group.initial,
    oracles: group.oracles,
    gradients: (request, asked) =>
      group.gradients(
        request,
        asked.map(worker => ask(worker, request.step)),
      ),
  }
}

interface Judge {
  readonly machine: Machine
  readonly test: Dataset
}

async function openJudge(model: string, data: string, oracleCache: OracleCache): Promise<Judge> {
  const [jax, source] = await Promise.all([loadJax(), oracleCache.source(data)])
  return { machine: await oracleCache.machine(jax, { model, data }), test: source.test() }
}

function judge({ machine, test }: Judge, parameters: Vector, examples: number): Evaluation {
  const count = Math.min(examples, test.labels.length)
  const chosen = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * test.labels.length) / count))
  const at = machine.upload(parameters)
  try {
    return evaluateOn(machine, at, test, chosen)
  } finally {
    at.release()
  }
}

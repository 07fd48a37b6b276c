/**
 * Where experiments get their learning from: oracles of a whole cohort, opened once a thread and kept while the next
 * runs need the same ones.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { Dataset } from '../../learning/data/dataset.ts'
import { modelNamed } from '../../learning/models/registry.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import { gatherRows } from '../../learning/oracles/batch.ts'
import { loadJax } from '../../learning/oracles/jax.ts'
import { createOracleGroup, type ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { compileModel, type Machine } from '../../learning/oracles/machine.ts'
import { openData } from '../../learning/oracles/spec.ts'
import type { GradientSource } from '../../learning/server/server.ts'

export interface TaskSpec {
  readonly model: string
  readonly data: string
  readonly partition: string
  readonly workers: number
  /** Of the partition, the batches and θ₁. */
  readonly seed: number
  /** Workers that train on flipped labels. */
  readonly flipped: readonly number[]
}

export interface Task {
  readonly start: Vector
  /** One for each worker. */
  readonly oracles: readonly ModelOracle[]
  readonly gradients: GradientSource
}

export interface Bench {
  /** @throws DataError, ModelError */
  open(spec: TaskSpec): Promise<Task>
  /** On so many examples evenly from the test set; all of them where it has fewer. */
  evaluate(model: string, data: string, parameters: Vector, examples: number): Promise<Evaluation>
}

/** Tasks kept: each holds the shares of all workers. */
const tasksMax = 3

export function createBench(): Bench {
  const tasks = new Map<string, Promise<Task>>()
  const judges = new Map<string, Promise<Judge>>()
  return {
    open(spec) {
      const key = JSON.stringify(spec)
      const task = tasks.get(key) ?? openTask(spec)
      tasks.delete(key)
      tasks.set(key, task)
      if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!)
      return task
    },
    async evaluate(model, data, parameters, examples) {
      const key = JSON.stringify([model, data])
      const judge = judges.get(key) ?? openJudge(model, data)
      judges.set(key, judge)
      return evaluateOn(await judge, parameters, examples)
    },
  }
}

async function openTask({ model, data, partition, workers, seed, flipped }: TaskSpec): Promise<Task> {
  const group = await createOracleGroup(
    Array.from({ length: workers }, (_, peer) => ({
      ...{ model, data, partition, seed, peer, peers: workers },
      ...(flipped.includes(peer) && { relabel: 'flip' as const }),
    })),
  )
  return {
    start: group.initial,
    oracles: group.oracles,
    gradients: (request, asked) =>
      asked.length === workers
        ? group.gradients(request)
        : Promise.all(asked.map(worker => group.oracles[worker]!.gradient(request))),
  }
}

interface Judge {
  readonly machine: Machine
  readonly test: Dataset
}

async function openJudge(model: string, data: string): Promise<Judge> {
  const [jax, source] = await Promise.all([loadJax(), openData(data)])
  return { machine: compileModel(jax, modelNamed(model, source)), test: source.test() }
}

function evaluateOn({ machine, test }: Judge, parameters: Vector, examples: number): Evaluation {
  const count = Math.min(examples, test.labels.length)
  const chosen = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * test.labels.length) / count))
  const at = machine.upload(parameters)
  let loss = 0
  let hits = 0
  try {
    for (let from = 0; from < count; ) {
      const rows = machine.rowsToScore(count - from)
      const scores = machine.scoresOf(at, gatherRows(test, chosen, from, rows))
      loss += scores.loss
      hits += scores.hits ?? Number.NaN
      from += rows
    }
  } finally {
    at.release()
  }
  return { loss: loss / count, accuracy: Number.isNaN(hits) ? null : hits / count }
}

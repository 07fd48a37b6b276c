/**
 * Where experiments get their learning from: oracles of a whole cohort, opened once a thread and kept while the next
 * runs need the same ones.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import { createJaxOracles, type ModelOracle } from '../../learning/oracles/jax-oracle.ts'
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
  /** On the whole test set. */
  evaluate(parameters: Vector): Promise<Evaluation>
}

export interface Bench {
  /** @throws DataError, ModelError */
  open(spec: TaskSpec): Promise<Task>
}

/** Tasks kept: each holds the shares of all workers. */
const tasksMax = 3

export function createBench(): Bench {
  const tasks = new Map<string, Promise<Task>>()
  return {
    open(spec) {
      const key = JSON.stringify(spec)
      const task = tasks.get(key) ?? openTask(spec)
      tasks.delete(key)
      tasks.set(key, task)
      if (tasks.size > tasksMax) tasks.delete(tasks.keys().next().value!)
      return task
    },
  }
}

async function openTask({ model, data, partition, workers, seed, flipped }: TaskSpec): Promise<Task> {
  const oracles = await createJaxOracles(
    Array.from({ length: workers }, (_, peer) => ({
      ...{ model, data, partition, seed, peer, peers: workers },
      ...(flipped.includes(peer) && { relabel: 'flip' as const }),
    })),
  )
  return {
    start: oracles[0]!.initial,
    oracles,
    gradients: (request, asked) => Promise.all(asked.map(worker => oracles[worker]!.gradient(request))),
    evaluate: parameters => oracles[0]!.evaluate(parameters),
  }
}

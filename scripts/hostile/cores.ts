/**
 * Which cores the cohort and its attacker run on. An attacker has a computer of its own: what it burns there costs the
 * cohort nothing. So it gets a core to itself, and the cohort the others, in the run with a silent member as well.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

interface Cores {
  /** What a command of the cohort is started inside of. */
  readonly honest: readonly string[]
  /** Puts this process of the attacker's on its core. */
  place(attacker: number): void
}

/** Everything on all cores where there is one only, or no `taskset`. */
export function separateCores(cores = availableParallelism()): Cores {
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0
  if (cores < 2 || !hasTaskset) return { honest: [], place: () => {} }
  return {
    honest: ['taskset', '--cpu-list', `1-${cores - 1}`],
    place(attacker) {
      spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '0', String(attacker)])
    },
  }
}

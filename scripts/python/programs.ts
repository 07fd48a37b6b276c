/** Python's interpreters on this machine, and programs of theirs as oracles. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Vector } from '../../agreement/vector.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { createChildOracle } from '../../node/oracle/child-oracle.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The first interpreter that can import these, with their versions; null where none can. */
export function interpreterWith(modules: readonly string[]): { python: string; versions: string } | null {
  const code = `import ${modules.join(', ')}; print(${modules.map(name => `"${name}", ${name}.__version__`).join(', ')})`
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' })
    if (status === 0) return { python, versions: stdout.trim() }
  }
  return null
}

/** @param onLine takes what the program prints; default: it is shown */
export function openProgram(
  command: string,
  data: string,
  partition: string,
  onLine = (line: string) => console.log(`  ${line}`),
): Promise<ModelOracle> {
  return createChildOracle({
    command,
    task: { software: 'test', peer: 1, peers: 4, seed: 3, data, partition, relabel: null },
    onLine,
  })
}

export async function descend(oracle: ModelOracle, steps: number, rate: number, batch = 32): Promise<Vector> {
  const parameters = oracle.initial.slice()
  for (let step = 1; step <= steps; step++) {
    const { gradient } = await oracle.gradient({ step, parameters, batch })
    for (let i = 0; i < parameters.length; i++) parameters[i]! -= rate * gradient[i]!
  }
  return parameters
}

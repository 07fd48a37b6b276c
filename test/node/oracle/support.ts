/** Oracle processes for the tests: the child beside this file, in one of its modes. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'
import { type ChildLimits, createChildOracle } from '../../../node/oracle/child-oracle.ts'

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

export const task = {
  software: 'test',
  peer: 2,
  peers: 7,
  seed: 1,
  data: 'none',
  partition: 'iid',
  relabel: null,
} as const

/** A command for the child in a mode; each has its own marker for what happens once only. */
export function commandOf(mode: string): string {
  const marker = join(tmpdir(), `concord-test-${randomUUID()}`)
  return [process.execPath, child, mode, marker].map(part => JSON.stringify(part)).join(' ')
}

interface Started {
  readonly oracle: ModelOracle
  readonly lines: string[]
}

export async function start(mode: string, limits: Partial<ChildLimits> = {}): Promise<Started> {
  const lines: string[] = []
  const oracle = await createChildOracle({
    command: commandOf(mode),
    task,
    onLine: line => lines.push(line),
    limits: { restartDelayMs: 0, ...limits },
  })
  return { oracle, lines }
}

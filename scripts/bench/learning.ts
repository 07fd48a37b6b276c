/**
 * Learning: a gradient of each model, beside PyTorch if it is installed; all workers' gradients at one θ; a step of
 * LEARN in the simulator; and the time that an oracle in a process of its own adds to a gradient.
 */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { createJaxOracles, createOracleGroup } from '../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../learning/oracles/spec.ts'
import { checkCohort } from '../../node/cohort/file.ts'
import { identityFromSeed } from '../../node/cohort/identity.ts'
import { createChildOracle } from '../../node/oracle/child-oracle.ts'
import { keySeed, simulate } from '../../node/simulation/simulate.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { torchTimes } from './learning-torch.ts'

const spec = (model: string, peer: number, peers: number): OracleSpec => ({
  model,
  data: 'digits',
  partition: 'iid',
  peer,
  peers,
  seed: 1,
})

const cases = [
  { model: 'softmax', batch: 25, times: 100 },
  { model: 'mlp', batch: 25, times: 100 },
  { model: 'mlp', batch: 128, times: 50 },
  { model: 'resam-cnn', batch: 25, times: 15 },
  { model: 'lenet', batch: 25, times: 15 },
  { model: 'lenet', batch: 128, times: 5 },
] as const

export const run: RunBench = async ({ note }) => {
  const rows: BenchRow[] = []
  const torch = torchTimes(cases)
  if (Object.keys(torch).length === 0) note('no Python with PyTorch here: nothing to compare gradients with')
  for (const { model, batch, times } of cases) {
    const ms = await gradientMs(model, batch, times)
    const name = `gradient of ${model}, batch ${batch}`
    const theirs = torch[`${model} ${batch}`]
    if (theirs === undefined) rows.push(alone(name, ms, { 'gradients per s': 1000 / ms }))
    else
      rows.push(
        compared(name, ms, { name: 'PyTorch, 1 thread', ms: theirs }, { 'gradients per s': 1000 / ms }),
      )
    note(`${name}: ${ms.toFixed(2)} ms`)
  }
  rows.push(await groupRow('mlp', 15, 25))
  for (const peers of [7, 15, 25]) {
    rows.push(await stepRow(peers))
    note(rows.at(-1)!.case)
  }
  for (const dimension of [79_510, 431_080]) {
    const row = await processRow(dimension)
    if (row === null) note('no Python with NumPy here: no oracle process to measure')
    else {
      rows.push(row)
      const { 'copy, ms': copyMs, 'limit, ms': limitMs } = row.others
      note(
        `${row.case}: ${row.ours_ms.toFixed(3)} ms; limit 0.3 ms + 1.5 · ${copyMs!.toFixed(3)} ms a copy = ${limitMs!.toFixed(3)} ms`,
      )
    }
  }
  return rows
}

function alone(name: string, ms: number, others: Readonly<Record<string, number>> = {}): BenchRow {
  return { case: name, ours_ms: ms, baseline: null, ratio: null, others }
}

async function timed(times: number, work: (i: number) => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 3; i++) await work(i)
  const measured: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await work(i)
    measured.push(performance.now() - start)
  }
  return median(measured)
}

async function gradientMs(model: string, batch: number, times: number): Promise<number> {
  const [oracle] = await createJaxOracles([spec(model, 0, 7)])
  return timed(times, step => oracle!.gradient({ step, parameters: oracle!.initial, batch }))
}

/** The requests of the trusted server's loop in each step: every worker's gradient at the same parameters. */
async function groupRow(model: string, peers: number, batch: number): Promise<BenchRow> {
  const group = await createOracleGroup(Array.from({ length: peers }, (_, peer) => spec(model, peer, peers)))
  const ms = await timed(15, step => group.gradients({ step, parameters: group.initial, batch }))
  return alone(`${peers} workers' gradients of ${model} at one θ, batch ${batch}`, ms)
}

const STEPS = 12

async function stepRow(peers: number): Promise<BenchRow> {
  const members = Array.from({ length: peers }, (_, peer) => ({
    name: `peer-${peer}`,
    id: identityFromSeed(keySeed(1, peer)).id,
  }))
  const settings = { protocol: 'mda', faults: Math.floor((peers - 1) / 6), steps: STEPS, model: 'mlp' }
  const cohort = checkCohort({ members, ...settings, rate: 0.1, batch: 25, seed: 1 }, 'bench')
  const oracles = await createJaxOracles(members.map((_, peer) => spec('mlp', peer, peers)))
  const start = performance.now()
  await simulate({
    cohort,
    seed: 1,
    oracles,
    latencyMs: 1,
    gradientMs: 1,
    byzantine: { peers: [], attack: null },
  })
  const ms = (performance.now() - start) / STEPS
  return alone(`simulated LEARN step of mlp by mda, n = ${peers}, all peers`, ms, {
    'steps per s': 1000 / ms,
  })
}

const idle = `
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from concord_oracle import serve
class Idle:
    def __init__(self, task):
        self.parameters, self.examples = {'w': np.zeros(int(sys.argv[2]), 'f4')}, 1
    def gradient(self, theta, step, batch):
        return self.parameters, 0.0
    def evaluate(self, theta):
        return 0.0, None
serve(Idle)
`

/** The round trip to a process that computes nothing, compared with 0.3 ms and one and a half copies of the vector. */
async function processRow(dimension: number): Promise<BenchRow | null> {
  const python = process.env.PYTHON ?? 'python3'
  if (spawnSync(python, ['-c', 'import numpy']).status !== 0) return null
  const helper = fileURLToPath(new URL('../../python', import.meta.url))
  const oracle = await createChildOracle({
    command: `exec ${python} -c "${idle}" ${helper} ${dimension}`,
    task: { software: 'bench', peer: 0, peers: 1, seed: 1, data: '', partition: 'iid', relabel: null },
    onLine() {},
  })
  const parameters = new Float32Array(dimension)
  // In turns, so that both are slowed down by the same neighbours.
  const trips: number[] = []
  const copies: number[] = []
  for (let turn = 0; turn < 10; turn++) {
    trips.push(await timed(25, step => oracle.gradient({ step: 25 * turn + step, parameters, batch: 1 })))
    copies.push(await timed(25, async () => parameters.slice()))
  }
  await oracle.close()
  const copyMs = median(copies)
  const limitMs = 0.3 + 1.5 * copyMs
  return compared(
    `what an oracle process adds to a gradient, d = ${dimension}`,
    median(trips),
    { name: '0.3 ms + 1.5 copies', ms: limitMs },
    { 'copy, ms': copyMs, 'limit, ms': limitMs },
  )
}

/**
 * The simulated world: events a second and heap per peer, and how both grow with n; `ours_ms` is one iteration, checkers
 * included. Then whole cohorts that learn; `ours_ms` is one step. `--quick` leaves the largest sizes out, `--cohorts`
 * the iterations. `--data DIR` is the data of the small cohort, and `--against DIR` another checkout, which takes turns.
 */
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { ProtocolName } from '../../agreement/bounds.ts'
import { mostFaults } from '../../agreement/bounds.ts'
import { attackNamed } from '../../learning/attacks/registry.ts'
import { randomStream } from '../../learning/random.ts'
import { simulateAgreement } from '../../node/simulation/agree.ts'
import type { BenchRow, RunBench } from './bench.ts'
import { cohortCases, measureCohort } from './simulate-cohort.ts'

interface Size {
  readonly protocol: ProtocolName
  readonly peers: number
  readonly dimension: number
}

const sizes: readonly Size[] = [
  { protocol: 'mda', peers: 25, dimension: 10_000 },
  { protocol: 'mda', peers: 50, dimension: 10_000 },
  { protocol: 'mda', peers: 100, dimension: 10_000 },
  { protocol: 'icwtm', peers: 100, dimension: 10_000 },
  { protocol: 'rb-tm', peers: 10, dimension: 1000 },
  { protocol: 'rb-tm', peers: 25, dimension: 1000 },
  { protocol: 'rb-tm', peers: 50, dimension: 1000 },
  { protocol: 'rb-tm', peers: 100, dimension: 1000 },
]

const QUICK_PEERS_MAX = 50

export const run: RunBench = async ({ args, note }) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      cohorts: { type: 'boolean', default: false },
      data: { type: 'string' },
      against: { type: 'string' },
    },
  })
  const { quick, cohorts, data = null, against = null } = values
  const chosen = cohorts ? [] : sizes.filter(({ peers }) => !quick || peers <= QUICK_PEERS_MAX)
  const iterations = chosen.map(size => {
    note(`${size.protocol}, n = ${size.peers}`)
    return measure(size)
  })
  const learning = cohortCases(data && resolve(data)).slice(0, quick ? 1 : undefined)
  return [
    ...iterations,
    ...learning.map(cohort => {
      note(cohort.name)
      return measureCohort(cohort, against && resolve(against))
    }),
  ]
}

function measure({ protocol, peers, dimension }: Size): BenchRow {
  const faults = mostFaults(protocol, peers, 'asynchronous')
  const random = randomStream(1, 'bench')
  const inputs = Array.from({ length: peers }, () =>
    Float32Array.from({ length: dimension }, () => random.normal()),
  )
  const before = process.memoryUsage().heapUsed
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  const { events, messages, violation } = simulateAgreement({
    settings: {
      protocol,
      peers,
      maxFaulty: faults,
      dimension,
      synchrony: 'asynchronous',
      iterations: 1,
      graceMs: 0,
      timeoutMs: 1000,
      payloadMs: 250,
      unsafe: false,
    },
    inputs,
    seed: 1,
    target: null,
    byzantine: {
      peers: Array.from({ length: faults }, (_, i) => peers - faults + i),
      attack: attackNamed('sign-flip'),
    },
  })
  const ms = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  if (violation !== null) throw new Error(`${violation.checker}: ${violation.detail}`)
  const heap = Math.max(0, process.memoryUsage().heapUsed - before)
  return {
    case: `${protocol}, n = ${peers}, f = ${faults}, d = ${dimension}`,
    ours_ms: ms,
    baseline: null,
    ratio: null,
    others: {
      'CPU ms': (cpu.user + cpu.system) / 1000,
      'events/s': events / (ms / 1000),
      'messages/s': messages / (ms / 1000),
      'heap KB/peer': heap / 1024 / peers,
      'µs/message': (1000 * ms) / messages,
    },
  }
}

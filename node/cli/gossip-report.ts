/** The report of a run by gossip. */
import {
  accuracyOf,
  finiteOrNull,
  type Report,
  reportedExtras,
  reportedMetrics,
  reportedSeries,
} from '../daemon/report.ts'
import type { GossipRun, GossipScenario } from './gossip-learning.ts'
import { roundsCohort } from './rounds-report.ts'
import { closenessOf } from './simulated.ts'

/** @param rule its name */
export function gossipReport(
  scenario: GossipScenario,
  rule: string,
  run: GossipRun,
  wallSeconds: number,
): Report {
  const { peers, settings, liars, attack, topology, hearing } = scenario
  const { seed } = settings
  const known = Array.from({ length: peers }, (_, peer) => peer).filter(peer => !liars.includes(peer))
  const closeness = closenessOf(run.diverged === null ? known.map(peer => run.parameters[peer]!) : [])
  const first = closenessOf(run.diverged === null ? known.map(peer => run.first[peer]!) : [])
  const bytes = vectorBytes(run)
  const honest = known.map((peer, place) => honestEntry(peer, run, closeness.distances[place] ?? null))
  const messages = run.sent.reduce((sum, count) => sum + count, 0)
  return {
    command: 'simulate',
    cohort: Object.assign(roundsCohort(`gossip ${rule}`, ['gossip', rule, hearing], scenario), { topology }),
    seed,
    byzantine: { peers: [...liars], attack: attack?.name ?? null },
    data: scenario.data,
    partition: scenario.partition,
    steps: run.steps,
    outcome: run.diverged === null ? 'finished' : 'diverged',
    honest,
    accuracy: accuracyOf(honest),
    diameter: {
      gradient: null,
      parameters: closeness.diameter,
      first: first.diameter,
      last: closeness.diameter,
      relative: closeness.relative,
    },
    messages,
    bytes: bytes * messages,
    wallSeconds,
    learningSeconds: wallSeconds,
    faults: [],
    violations: [],
  }
}

const vectorBytes = ({ dimension }: GossipRun) => 4 * dimension

function honestEntry(peer: number, run: GossipRun, distance: number | null): Report['honest'][number] {
  const evaluation = run.evaluations[peer]
  return {
    peer,
    loss: finiteOrNull(evaluation?.loss ?? null),
    accuracy: evaluation?.accuracy ?? null,
    metrics: reportedMetrics(evaluation?.metrics ?? null),
    ...reportedExtras(evaluation ?? null, run.alone?.[peer]),
    ...reportedSeries(run.series[peer]!),
    distance,
    bytesSent: vectorBytes(run) * run.sent[peer]!,
    bytesReceived: null,
    eventLoopDelayMs: null,
    memory: null,
    ruleMilliseconds: null,
  }
}

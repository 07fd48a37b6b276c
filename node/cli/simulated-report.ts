/** The report of a simulated run. */
import {
  accuracyOf,
  cohortSummary,
  finiteOrNull,
  type Report,
  reportedExtras,
  reportedHeterogeneity,
  reportedMetrics,
  reportedSeries,
  tally,
} from '../daemon/report.ts'
import type { Scenario } from './options.ts'
import { closenessOf, type SimulatedRun } from './simulated.ts'

/** @param id of the cohort */
export function simulatedReport(
  scenario: Scenario,
  run: SimulatedRun,
  id: string,
  wallSeconds: number,
): Report {
  const { cohort, result, evaluations, series } = run
  const ended = result.honest.filter(peer => result.parameters[peer] !== null)
  const closeness = closenessOf(ended.map(peer => result.parameters[peer]!))
  const diameters = result.steps.flatMap(({ diameter }) => diameter ?? [])
  const spread = result.steps.flatMap(({ step, heterogeneity }) =>
    heterogeneity === null ? [] : [{ step, ...heterogeneity }],
  )
  const honest = ended.map((peer, place) => ({
    peer,
    loss: finiteOrNull(evaluations[peer]?.loss ?? null),
    accuracy: evaluations[peer]?.accuracy ?? null,
    metrics: reportedMetrics(evaluations[peer]?.metrics ?? null),
    ...reportedExtras(evaluations[peer] ?? null, run.alone?.[peer]),
    ...(evaluations[peer]?.agreed && { agreed: evaluations[peer].agreed }),
    ...reportedSeries(series[peer]!),
    distance: closeness.distances[place]!,
    bytesSent: result.bytesByPeer[peer]!,
    bytesReceived: null,
    eventLoopDelayMs: null,
    memory: null,
    ruleMilliseconds: null,
  }))
  return {
    command: 'simulate',
    cohort: cohortSummary(cohort, id),
    seed: cohort.seed,
    byzantine: { peers: [...scenario.liars], attack: scenario.attack?.name ?? null },
    data: scenario.data,
    partition: scenario.partition,
    steps: result.steps.length,
    outcome: outcomeOf(result),
    honest,
    accuracy: accuracyOf(honest),
    diameter: {
      gradient: diameters.at(-1)?.gradient ?? null,
      parameters: diameters.at(-1)?.parameters ?? null,
      first: diameters[0]?.parameters ?? null,
      last: closeness.diameter,
      relative: closeness.relative,
    },
    ...reportedHeterogeneity(spread),
    messages: result.messages,
    bytes: result.bytes,
    wallSeconds,
    learningSeconds: run.learningSeconds,
    virtualSeconds: result.virtualSeconds,
    trace: result.trace,
    ...(result.timeline.length > 0 && {
      timeline: result.timeline.map(entry => ({ ...entry, peers: [...entry.peers] })),
    }),
    faults: tally(result.faults.map(({ fault }) => fault)),
    violations: [...result.violations],
  }
}

function outcomeOf({ diverged, stuck, honest, parameters }: SimulatedRun['result']): Report['outcome'] {
  if (diverged.length > 0) return 'diverged'
  if (stuck.length > 0) return 'stuck'
  return honest.every(peer => parameters[peer] === null) ? 'failed' : 'finished'
}

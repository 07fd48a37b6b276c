/** Turns the events of one peer into its report. */
import type { Attack } from '../../../learning/attacks/attack.ts'
import { createSeries, type Series, type SeriesPoint } from '../../../learning/evaluation/series.ts'
import type { Membership } from '../../cohort/cohort.ts'
import type { Ending, FaultCount, PeerEvent, Traffic } from '../../daemon/events.ts'
import {
  accuracyOf,
  cohortSummary,
  finiteOrNull,
  type Report,
  reportedData,
  reportedMetrics,
  reportedSeries,
  tally,
} from '../../daemon/report.ts'

export type JoinOutcome = 'finished' | 'diverged' | 'interrupted'

interface JoinRecord {
  see(event: PeerEvent): void
  /** @param faults the faults seen until now */
  report(outcome: JoinOutcome, faults: readonly FaultCount[]): Report
}

interface State {
  step: number
  traffic: Traffic
  readonly series: Series
  ending: Ending | null
}

export function createJoinRecord(
  membership: Membership,
  values: { readonly attack: Attack | null; readonly data: string; readonly partition: string },
): JoinRecord {
  const startedMs = performance.now()
  const state: State = {
    step: 0,
    traffic: { messages: 0, bytesSent: 0, bytesReceived: 0 },
    series: createSeries(),
    ending: null,
  }
  return {
    see(event) {
      if (event.kind === 'step') {
        state.step = event.step
        state.traffic = event.traffic
      } else if (event.kind === 'evaluated') state.series.add(event)
      else if (event.kind === 'agreed') state.series.agree(event)
      else if (event.kind === 'finished') {
        state.ending = event.ending
        state.traffic = event.ending.traffic
      }
    },
    report(outcome, faults) {
      const { cohort, cohortId, self } = membership
      const { attack, data, partition } = values
      const honest =
        attack === null && state.ending !== null ? [honestEntry(self, state.ending, state.series.points)] : []
      return {
        command: 'join',
        cohort: cohortSummary(cohort, cohortId),
        seed: cohort.seed,
        byzantine: { peers: attack === null ? [] : [self], attack: attack?.name ?? null },
        data: reportedData(cohort, data),
        partition,
        steps: state.step,
        outcome,
        honest,
        accuracy: accuracyOf(honest),
        diameter: { gradient: null, parameters: null, first: null, last: null, relative: null },
        messages: state.traffic.messages,
        bytes: state.traffic.bytesSent,
        wallSeconds: (performance.now() - startedMs) / 1000,
        learningSeconds: state.ending?.learningSeconds ?? null,
        faults: tally(state.ending?.faults ?? faults),
        violations: [],
      }
    },
  }
}

/** The result of one honest peer. Its distance to the others' mean is left to a caller that has seen all of them. */
export function honestEntry(
  peer: number,
  ending: Ending,
  series: readonly SeriesPoint[],
): Report['honest'][number] {
  const { loss, accuracy, metrics, agreed, traffic, eventLoopDelayMs, memory, ruleMilliseconds } = ending
  const { bytesSent, bytesReceived } = traffic
  return {
    peer,
    loss: finiteOrNull(loss),
    accuracy,
    metrics: reportedMetrics(metrics),
    ...(agreed && { agreed }),
    ...reportedSeries(series),
    distance: null,
    bytesSent,
    bytesReceived,
    eventLoopDelayMs,
    memory: { ...memory },
    ruleMilliseconds,
  }
}

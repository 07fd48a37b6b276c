/** How a run ended, as its page says it: the report's own numbers. */
import type { Report } from '../daemon/report.ts'
import type { RunEnd } from './run.ts'

/** @param sentences how the command sums the run up */
export function endOf(report: Report, sentences: readonly string[] = []): Omit<RunEnd, 'ms'> {
  const { outcome, violations, messages, bytes, wallSeconds, trace = null } = report
  const { learningSeconds } = report
  const results = report.honest.map(({ peer, loss, accuracy, distance, bytesSent, bytesReceived }) => ({
    peer,
    loss,
    accuracy,
    distance,
    bytesSent,
    bytesReceived,
  }))
  return {
    outcome,
    violations,
    messages,
    bytes,
    wallSeconds,
    learningSeconds,
    trace,
    results,
    sentences,
  }
}

/** `--report FILE` and `--json`: checked before the job, delivered after it. */

import { type Report, writeReport } from '../daemon/report.ts'
import { whyNoOutput } from '../files/output.ts'
import { UsageError } from './command.ts'
import type { Terminal } from './terminal.ts'

export interface ReportValues {
  readonly report: string | null
  readonly json: boolean
}

/** @throws UsageError where the report could not be written: better now than after the job */
export async function prepareReport({ report, json }: ReportValues, terminal: Terminal): Promise<void> {
  if (json) terminal.reserveOutput()
  if (report === null) return
  const why = await whyNoOutput(report)
  if (why !== null) throw new UsageError(`--report is "${report}": ${why}`)
}

export async function deliverReport(
  { report: path, json }: ReportValues,
  report: Report,
  terminal: Terminal,
): Promise<void> {
  if (json) terminal.json(report)
  if (path === null) return
  await writeReport(path, report)
  terminal.print(`report: ${path}`)
}

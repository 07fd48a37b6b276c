/** `--report FILE`, `--save FILE` and `--json`: checked before the job, delivered after it. */

import { type Report, writeReport } from '../daemon/report.ts'
import { whyNoOutput } from '../files/output.ts'
import { UsageError } from './command.ts'
import type { Terminal } from './terminal.ts'

export interface ReportValues {
  readonly report: string | null
  readonly json: boolean
}

/** @throws UsageError where the report, or the checkpoint, could not be written: better now than after the job */
export async function prepareReport(
  { report, json, save = null }: ReportValues & { readonly save?: string | null },
  terminal: Terminal,
): Promise<void> {
  if (json) terminal.reserveOutput()
  await requireOutput('--report', report)
  await requireOutput('--save', save)
}

/** @throws UsageError where nothing could be written to the file that this option, or argument, names */
export async function requireOutput(name: string, path: string | null): Promise<void> {
  const why = path === null ? null : await whyNoOutput(path)
  if (why !== null) throw new UsageError(`${name} is "${path}": ${why}`)
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

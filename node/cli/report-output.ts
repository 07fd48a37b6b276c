/** `--report FILE` and `--json`: checked before the job, delivered after it. */
import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Report, writeReport } from '../report.ts'
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
  const folder = dirname(report)
  const refuse = (why: string) =>
    new UsageError(`--report is "${report}": ${why}; expected a file in a folder that can be written to`)
  await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? `there is no folder ${folder}` : error.message)
  })
  const isFolder = await stat(report).then(
    status => status.isDirectory(),
    () => false,
  )
  if (isFolder) throw refuse('it is a folder')
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

/** Takes what a file or a server has given for runs, or says in a sentence why it is none: nothing of it is trusted before. */
import { printable } from '../text/printable.ts'
import { wrongIn } from './check-run.ts'
import { runOfReport, wrongInReport } from './report-run.ts'
import { RUN_FORMAT, RUN_VERSION, type RunDocument } from './run.ts'

/** Pages and reports are far smaller, packed and unpacked. */
export const DATA_BYTES_MAX = 64 * 1024 * 1024

/** More would not fit beside each other. */
const RUNS_MAX = 64

export type Read =
  | { readonly run: RunDocument; readonly wrong: null }
  | { readonly run: null; readonly wrong: string }

export const wrong = (sentence: string): Read => ({ run: null, wrong: sentence })

/** All runs in a parsed value: a run, a report, or a list of these, each perhaps with a name. */
export function runsIn(value: unknown, name: string): readonly Read[] {
  if (!Array.isArray(value)) return [oneRun(value, name)]
  if (value.length === 0)
    return [wrong(`${name} holds no run: its list of runs is empty; expected a file of --page or --report.`)]
  if (value.length > RUNS_MAX)
    return [wrong(`${name} holds ${value.length} runs; expected at most ${RUNS_MAX}.`)]
  return value.map((one, at) => oneRun(one, value.length === 1 ? name : `Run ${at + 1} of ${name}`))
}

function oneRun(value: unknown, name: string): Read {
  const large = wrongInReport(value)
  if (large !== null) return wrong(`${name} cannot be shown: ${large}.`)
  return readRun(runOfReport(value) ?? runInside(value), name)
}

/** A list of runs has each with a name. */
function runInside(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'run' in value && !('format' in value)) return value.run
  return value
}

/** Takes a value for a document of this version. */
export function readRun(value: unknown, name: string): Read {
  if (typeof value !== 'object' || value === null) {
    const what = value === null ? 'null' : `a ${typeof value}`
    return wrong(`${name} holds no run: its content is ${what}; expected a file of --page or --report.`)
  }
  const { format, version } = value as { format?: unknown; version?: unknown }
  if (format !== RUN_FORMAT)
    return wrong(
      `${name} holds no run of Concord that a page can show; expected a file of --page, or of --report of demo, simulate or join.`,
    )
  if (version !== RUN_VERSION)
    return wrong(
      `${name} has version ${printed(version)} of the format of runs, and this program reads version ${RUN_VERSION}. Open it with the Concord that wrote it.`,
    )
  const damage = wrongIn(value)
  return damage === null
    ? { run: value as RunDocument, wrong: null }
    : wrong(`${name} is damaged: ${damage}. Copy it again, or write it again.`)
}

function printed(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string'
    ? printable(String(value).slice(0, 20))
    : 'none'
}

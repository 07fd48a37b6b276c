/** A run of a sweep as its page shows it: what its report says, or, recorded on the way, every message too. */
import type { Scenario } from '../cli/options.ts'
import type { SimulatedLook, SimulatedStart } from '../cli/simulated.ts'
import type { Report } from '../daemon/report.ts'
import { aboutSimulated } from '../page/about.ts'
import { applyEvent } from '../page/apply.ts'
import { endOf } from '../page/end.ts'
import { runOfReport } from '../page/report-run.ts'
import type { RunAbout, RunDocument } from '../page/run.ts'
import type { RunRow } from './rows.ts'

/** A page that is wanted of a run. */
export interface PageOrder {
  /** With every message, where the run is one of peers: a server's workers send each other nothing. */
  readonly isFull: boolean
  readonly run: string
  readonly title: string
  readonly axes: RunRow['axes']
}

/** What came of a run, for its page. */
interface Ended {
  readonly report: Report
  readonly measured: Pick<RunRow, 'status' | 'why' | 'seconds'>
  /** Who is honest, and the evaluations of each on the way. */
  readonly honest: readonly number[]
  readonly series: readonly NonNullable<Report['honest'][number]['series']>[]
}

/** Sees a run of peers from its beginning. */
export interface Recording {
  readonly look: (start: SimulatedStart) => Promise<SimulatedLook>
  /** The run with its end. */
  ended(ended: Ended): RunDocument
}

export function recordRun(scenario: Scenario, order: PageOrder): Recording {
  let told: ((ended: Ended) => RunDocument) | null = null
  return {
    async look(start) {
      const [{ createRecorder }, { createWorldRecorder }] = await Promise.all([
        import('../page/recorder.ts'),
        import('../page/world.ts'),
      ])
      const recorder = createRecorder(ordered(aboutSimulated('simulate', scenario, start), order), {
        isKept: true,
      })
      const world = createWorldRecorder(recorder, start.cohort.quorum)
      told = ({ report, measured }) => {
        world.ended()
        const { ms } = recorder.document()
        const end = endOf({ ...report, wallSeconds: measured.seconds }, sentencesOf(measured))
        recorder.tell({ kind: 'end', end: { ...end, ms } })
        recorder.close()
        return recorder.document()
      }
      return {
        onlooker: world,
        accuracy: (peer, step, accuracy) =>
          recorder.tell({ kind: 'accuracy', ms: recorder.document().ms, peer, step, accuracy }),
      }
    },
    ended: ended => told!(ended),
  }
}

/** The figures of a run's report, without its messages. */
export function reportedRun({ report, measured, honest, series }: Ended, order: PageOrder): RunDocument {
  // In a run of peers that was ended none has finished, and the report knows none.
  const unfinished =
    report.honest.length === 0 ? honest.map((peer, at) => ({ peer, series: series[at] })) : []
  const document = runOfReport({
    ...report,
    honest: [...report.honest, ...unfinished],
    wallSeconds: measured.seconds,
    // What a server's run took beside its learning is not told apart.
    learningSeconds: report.virtualSeconds === undefined ? null : report.learningSeconds,
  })
  if (document === null) throw new Error(`the report of ${order.title} is not one that a page can show`)
  for (const { peer } of unfinished)
    applyEvent(document, { kind: 'place', ms: document.ms, peer, status: 'down', why: 'the run was ended' })
  const sentences = [
    ...sentencesOf(measured),
    ...(report.virtualSeconds === undefined ? [] : [furtherOf(order)]),
  ]
  const end = { ...document.end!, sentences }
  return { ...document, about: ordered(document.about, order), end }
}

/** How a reader gets what a report does not hold. */
function furtherOf({ run }: PageOrder): string {
  return `These are its figures. "concord sweep page FOLDER ${run}" runs it again, and its page then has every message.`
}

function sentencesOf({ status, why }: Ended['measured']): readonly string[] {
  return status === 'done' ? [] : [`${status[0]!.toUpperCase()}${status.slice(1)}: ${why}.`]
}

/** As the sweep calls it: its cell stands first among its settings. */
function ordered(about: RunAbout, { title, axes }: PageOrder): RunAbout {
  const cell = Object.entries(axes).map(([name, value]) => [name, String(value)] as const)
  return { ...about, title, settings: [...cell, ...about.settings.filter(([name]) => !(name in axes))] }
}

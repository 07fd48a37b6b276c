/** The page of a demo: what its peers' processes record, put together. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { aboutCohort } from '../../page/about.ts'
import type { RunEvent, TrafficNow } from '../../page/events.ts'
import { type Merge, mergeRecords } from '../../page/merge.ts'
import type { RunEnd } from '../../page/run.ts'
import type { Scenario } from '../options.ts'
import type { PageValues } from '../page/page-options.ts'
import { showRun } from '../page/show-run.ts'
import type { Terminal } from '../terminal.ts'
import type { Measurement } from './measure.ts'
import type { DemoFiles } from './setup.ts'

export interface DemoPage {
  /** Milliseconds since 1970. */
  readonly startedMs: number
  recorded(peer: PeerIndex, events: readonly RunEvent[]): void
  measured(measured: Measurement): void
  /** A process has ended. */
  gone(peer: PeerIndex, hasFinished: boolean, why: string): void
  /** A step of the same cohort with plain averaging. */
  contrast(row: NonNullable<Extract<RunEvent, { kind: 'ghost' }>['row']>): void
  contrasted(accuracy: number | null): void
  /** @param traffic by peer */
  ended(end: Omit<RunEnd, 'ms'>, traffic: readonly TrafficNow[]): Promise<void>
  broken(why: string): Promise<void>
}

const GHOST = 'with plain averaging, simulated'

/** Null where nobody wants to look. */
export async function openDemoPage(
  { liars, attack, data, partition }: Scenario,
  { cohort, cohortId }: DemoFiles,
  values: PageValues,
  terminal: Terminal,
): Promise<DemoPage | null> {
  const about = aboutCohort({
    command: 'demo',
    cohort,
    cohortId,
    clock: 'real',
    liars,
    attack,
    dimension: null,
    data,
    partition,
  })
  const page = await showRun(about, values, terminal)
  if (page === null) return null
  const { recorder } = page
  const { tell } = recorder
  const merge: Merge = mergeRecords(recorder, liars)
  const nowMs = () => recorder.document().ms
  const finite = (x: number | null) => (x !== null && Number.isFinite(x) ? x : null)
  return {
    startedMs: about.startedMs!,
    recorded: merge.add,
    measured({ step, gradient, parameters }) {
      for (const [phase, after] of [
        ['gradient', gradient],
        ['parameters', parameters],
      ] as const)
        if (after !== null && Number.isFinite(after))
          tell({
            kind: 'contraction',
            ms: nowMs(),
            step,
            phase,
            contraction: { before: null, after, bound: null },
          })
    },
    gone(peer, hasFinished, why) {
      if (!hasFinished) tell({ kind: 'place', ms: nowMs(), peer, status: 'down', why })
    },
    contrast: ({ step, loss, parameters }) =>
      tell({
        kind: 'ghost',
        ms: nowMs(),
        label: GHOST,
        row: { step, loss: finite(loss), parameters: finite(parameters) },
        accuracy: null,
      }),
    contrasted: accuracy => tell({ kind: 'ghost', ms: nowMs(), label: GHOST, row: null, accuracy }),
    async ended(end, traffic) {
      merge.flush()
      // What a process says last may not have come before it was told to stop.
      const ms = nowMs()
      for (const [peer, last] of traffic.entries()) tell({ kind: 'traffic', ms, peer, traffic: last })
      for (const { peer, accuracy } of end.results)
        tell({ kind: 'accuracy', ms, peer, step: cohort.steps, accuracy })
      await page.ended(end)
    },
    async broken(why) {
      merge.flush()
      await page.broken(why)
    },
  }
}

/** All runs that the filter leaves, with how each ended. */
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { type Cell, csvOf, offer } from '../chart/download.ts'
import { RunTable } from './picked-runs.tsx'

export function RunsView({ sweep, runs }: { sweep: SweepDocument; runs: readonly SweepRun[] }) {
  const save = () => offer(`${sweep.title} runs`, 'csv', csvOf(tableOf(sweep, runs)))
  return (
    <>
      {runs.length === 0 ? (
        <p class="empty">No run is left by the filter.</p>
      ) : (
        <RunTable sweep={sweep} runs={runs} label="All runs" />
      )}
      <div class="figure-foot">
        <button type="button" class="quiet" onClick={save} aria-label="Download all runs as CSV">
          CSV
        </button>
      </div>
    </>
  )
}

function tableOf(sweep: SweepDocument, runs: readonly SweepRun[]) {
  const { axes, metrics } = sweep
  return {
    head: ['run', ...axes.map(({ name }) => name), 'status', ...metrics, 'seconds', 'why'],
    rows: runs.map((run): readonly Cell[] => [
      ...[run.run, ...axes.map(({ values }, axis) => values[run.at[axis]!]!), run.status],
      ...metrics.map(name => run.metrics[name] ?? null),
      ...[run.seconds, run.why],
    ]),
  }
}

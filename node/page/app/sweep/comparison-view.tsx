/** The worst attack for each rule, and the best rule for the worst attack; what the seeds do not bear out is grey. */
import { useMemo } from 'preact/hooks'
import { type Comparison, comparisonsOf, type WorstCase } from '../../../sweep/figures/comparison.ts'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { type Roles, rolesOf } from '../../../sweep/figures/heat-map.ts'
import { intervalScene, toneOf } from '../../../sweep/figures/interval-scene.ts'
import { halfText, labelOf, textOf } from '../../../sweep/figures/metric.ts'
import type { Paired } from '../../../sweep/figures/statistics.ts'
import { svgOf } from '../../../sweep/figures/svg.ts'
import type { Cell, NumbersTable } from '../chart/download.ts'
import { csvOf, offer } from '../chart/download.ts'
import { Figure, TableHead } from '../chart/figure.tsx'
import { numberText } from '../chart/format.ts'
import { Scroll } from '../chart/scroll.tsx'
import { useWidth } from '../chart/size.ts'
import { PickedRuns } from './picked-runs.tsx'
import { Drawing } from './scene.tsx'
import { better, metric, picked } from './state.ts'

interface ViewProps {
  readonly sweep: SweepDocument
  readonly runs: readonly SweepRun[]
}

export function ComparisonView({ sweep, runs }: ViewProps) {
  const roles = rolesOf(sweep)!
  const comparisons = useMemo(
    () => comparisonsOf(sweep, runs, roles, metric.value, better.value),
    [sweep, runs, metric.value, better.value],
  )
  const subject = sweep.axes[roles.subject]!.name
  const adversary = roles.adversary === null ? null : sweep.axes[roles.adversary]!.name
  const of = adversary === null ? '' : ` for the worst ${adversary}`
  return (
    <>
      <WorstFigure sweep={sweep} roles={roles} comparisons={comparisons} />
      <GreyTable
        title={`The best ${subject}${of}`}
        caption={`For each setting the ${subject} whose worst case is best. Differences are taken seed by seed; p is of the paired t-test, corrected for the number of comparisons (Holm). What lost runs is worse without a test. Grey: not significant at 5 %.`}
        table={bestTable(sweep, roles, comparisons)}
      />
      {adversary !== null && (
        <GreyTable
          title={`The worst ${adversary} for each ${subject}`}
          caption={`Against every other ${adversary} of the same setting. Grey: the seeds do not tell it from another.`}
          table={worstTable(sweep, roles, comparisons)}
        />
      )}
      <PickedRuns sweep={sweep} />
    </>
  )
}

interface WorstProps {
  readonly sweep: SweepDocument
  readonly roles: Roles
  readonly comparisons: readonly Comparison[]
}

/** Texts of fewer characters stay on one line of a table. */
const NOWRAP_MAX = 28

/** Comparisons that are drawn; the tables have all. */
const DRAWN_MAX = 48

function WorstFigure({ sweep, roles, comparisons }: WorstProps) {
  const { box, width } = useWidth()
  const title = `Worst case of ${metric.value}`
  const shown = comparisons.slice(0, DRAWN_MAX)
  const scene = useMemo(
    () => intervalScene({ document: sweep, comparisons: shown, roles, metric: metric.value, title, width }),
    [comparisons, width],
  )
  const { head, rows } = worstTable(sweep, roles, comparisons)
  return (
    <Figure
      title={title}
      toSvg={() => svgOf(scene)}
      numbers={() => ({ head, rows: rows.map(({ cells }) => cells) })}
    >
      <div ref={box}>
        {comparisons.length === 0 ? (
          <p class="empty">No run is left by the filter.</p>
        ) : (
          <Drawing scene={scene} label={`${title}. The numbers are in the table below.`} />
        )}
      </div>
      {comparisons.length > DRAWN_MAX && (
        <p class="caption">
          The first {DRAWN_MAX} of {comparisons.length} settings are drawn; the tables have all.
        </p>
      )}
    </Figure>
  )
}

interface GreyRow {
  readonly cells: readonly Cell[]
  readonly grey: boolean
  readonly pick: (() => void) | null
}

interface GreyTableData {
  readonly head: NumbersTable['head']
  readonly rows: readonly GreyRow[]
}

function GreyTable({ title, caption, table }: { title: string; caption: string; table: GreyTableData }) {
  const plain = () => csvOf({ head: table.head, rows: table.rows.map(({ cells }) => cells) })
  return (
    <section class="figure" aria-label={title}>
      <h3>{title}</h3>
      <p class="caption">{caption}</p>
      <Scroll label={`Table: ${title}`}>
        <table>
          <TableHead names={[...table.head, 'runs']} />
          <tbody>
            {table.rows.map(({ cells, grey, pick }, at) => (
              <tr key={at} class={grey ? 'grey' : undefined}>
                {cells.map((cell, column) => (
                  <td
                    key={column}
                    class={
                      typeof cell === 'number'
                        ? 'number'
                        : String(cell).length < NOWRAP_MAX
                          ? 'nowrap'
                          : undefined
                    }
                  >
                    {typeof cell === 'string' ? cell : numberText(cell)}
                  </td>
                ))}
                <td>
                  {pick !== null && (
                    <button
                      type="button"
                      class="quiet"
                      onClick={pick}
                      aria-label={`Show the runs of ${cells.slice(0, 3).join(', ')}`}
                    >
                      show
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <div class="figure-foot">
        <button
          type="button"
          class="quiet"
          onClick={() => offer(title, 'csv', plain())}
          aria-label={`Download the numbers as CSV: ${title}`}
        >
          CSV
        </button>
      </div>
    </section>
  )
}

const differenceText = (name: string, pair: Paired | null): string =>
  pair === null
    ? '–'
    : `${textOf(name, pair.mean)}${pair.half === null ? '' : ` ${halfText(name, pair.half)}`}, n = ${pair.count}`

const withInterval = (name: string, { cell }: WorstCase): string =>
  cell.summary === null
    ? cell.standing
    : `${textOf(name, cell.summary.mean)}${cell.summary.half === null ? '' : ` ${halfText(name, cell.summary.half)}`}`

const significance = (p: number | null, significant: boolean): string =>
  p === null ? 'not tested' : significant ? 'significant' : 'not significant'

const valueAt = ({ axes }: SweepDocument, axis: number | null, at: number | null): string =>
  axis === null || at === null ? '–' : axes[axis]!.values[at]!

function pickOf(label: string, { cell }: WorstCase): () => void {
  return () => {
    picked.value = { label, runs: cell.runs }
  }
}

function bestTable(sweep: SweepDocument, roles: Roles, comparisons: readonly Comparison[]): GreyTableData {
  const name = metric.value
  const subject = sweep.axes[roles.subject]!.name
  const adversary = roles.adversary === null ? 'attack' : sweep.axes[roles.adversary]!.name
  return {
    head: [
      ...['setting', `best ${subject}`, `its worst ${adversary}`, labelOf(name), 'seeds'],
      ...[`next best ${subject}`, 'difference', 'largest p', 'significance'],
    ],
    rows: comparisons.flatMap(({ label, worst, best, verdict }): GreyRow[] => {
      const one = worst.find(({ subject }) => subject === best)
      if (one === undefined || verdict === null) return []
      const names = [
        valueAt(sweep, roles.subject, best),
        valueAt(sweep, roles.adversary, one.adversary),
      ] as const
      return [
        {
          grey: !verdict.significant,
          pick: pickOf([...names, label].filter(Boolean).join(', '), one),
          cells: [
            ...[label || 'all', ...names, withInterval(name, one), one.cell.summary?.count ?? 0],
            ...[valueAt(sweep, roles.subject, verdict.next), differenceText(name, verdict.difference)],
            ...[verdict.p, significance(verdict.p, verdict.significant)],
          ],
        },
      ]
    }),
  }
}

function worstTable(sweep: SweepDocument, roles: Roles, comparisons: readonly Comparison[]): GreyTableData {
  const name = metric.value
  const subject = sweep.axes[roles.subject]!.name
  const adversary = roles.adversary === null ? 'attack' : sweep.axes[roles.adversary]!.name
  return {
    head: [
      ...['setting', subject, `worst ${adversary}`, labelOf(name), 'seeds', 'compared'],
      ...[`next worst ${adversary}`, 'difference', 'largest p', 'significance', 'beside the best'],
    ],
    rows: comparisons.flatMap(comparison =>
      comparison.worst.map((one): GreyRow => {
        const { verdict, cell } = one
        const names = [
          valueAt(sweep, roles.subject, one.subject),
          valueAt(sweep, roles.adversary, one.adversary),
        ] as const
        return {
          grey: !verdict.significant,
          pick: pickOf([...names, comparison.label].filter(Boolean).join(', '), one),
          cells: [
            ...[comparison.label || 'all', ...names, withInterval(name, one), cell.summary?.count ?? 0],
            ...[`${one.compared} of ${one.of}`, valueAt(sweep, roles.adversary, verdict.next)],
            ...[differenceText(name, verdict.difference), verdict.p],
            ...[significance(verdict.p, verdict.significant), toneOf(one, comparison)],
          ],
        }
      }),
    ),
  }
}

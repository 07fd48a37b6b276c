/** The runs behind a picked cell: a table, and each run's own curves. */
import { useEffect, useRef } from 'preact/hooks'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { isShare, labelOf, textOf } from '../../../sweep/figures/metric.ts'
import { tellingMetrics, tellingSeries } from '../../../sweep/figures/telling.ts'
import { TableHead } from '../chart/figure.tsx'
import { countText, numberText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf } from '../chart/palette.ts'
import { Scroll } from '../chart/scroll.tsx'
import type { Point } from '../chart/thin.ts'
import { metric, picked } from './state.ts'

/** Rows of the table, and lines in a figure. */
const RUNS_MAX = 200
const LINES_MAX = 28
/** Texts of fewer characters stay on one line of a table. */
const NOWRAP_MAX = 28

export function PickedRuns({ sweep }: { sweep: SweepDocument }) {
  const region = useRef<HTMLElement>(null)
  const chosen = picked.value
  useEffect(() => {
    region.current?.focus()
  }, [chosen])
  if (chosen === null) return null
  const { label, runs } = chosen
  return (
    <section class="picked" ref={region} tabIndex={-1} aria-label="The runs of the picked cell">
      <h3>{label}</h3>
      <p>
        {countText(runs.length, 'run')}.{' '}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            picked.value = null
          }}
        >
          Close
        </button>
      </p>
      {runs.length === 0 ? (
        <p class="empty">There is no run: it is not in the sweep, or has not been run so far.</p>
      ) : (
        <>
          <RunTable sweep={sweep} runs={runs} label={`Runs of ${label}`} />
          <div class="grid">
            {tellingSeries(sweep).names.map(name => (
              <RunCurves key={name} name={name} sweep={sweep} runs={runs} />
            ))}
          </div>
        </>
      )}
    </section>
  )
}

interface RunsProps {
  readonly sweep: SweepDocument
  readonly runs: readonly SweepRun[]
}

/** The axes in which these runs differ; the seed's always. */
function axesOf({ axes }: SweepDocument, runs: readonly SweepRun[]): readonly number[] {
  return axes.flatMap(({ name }, axis) =>
    name === 'seed' || runs.some(({ at }) => at[axis] !== runs[0]!.at[axis]) ? [axis] : [],
  )
}

function labelOfRun({ axes }: SweepDocument, run: SweepRun, shown: readonly number[]): string {
  const label = shown.map(axis => `${axes[axis]!.name} ${axes[axis]!.values[run.at[axis]!]}`).join(', ')
  return label === '' ? run.run : label
}

export function RunTable({ sweep, runs, label }: RunsProps & { label: string }) {
  const axes = axesOf(sweep, runs)
  const settings = [...new Set(runs.flatMap(run => Object.keys(run.settings)))]
  const names = axes.map(axis => sweep.axes[axis]!.name)
  // Those that tell runs apart first: a table is seen from its left.
  const metrics = [...new Set([metric.value, ...tellingMetrics(sweep).names, ...sweep.metrics])]
  const textAt = (axis: number, { at }: SweepRun) => sweep.axes[axis]!.values[at[axis]!]!
  const hasWhy = runs.some(({ why }) => why !== null)
  return (
    <>
      <AboutPages sweep={sweep} runs={runs} />
      <Scroll label={`Table: ${label}`}>
        <table>
          <TableHead
            names={[
              'run',
              ...names,
              'status',
              ...(hasWhy ? ['why'] : []),
              ...metrics.map(labelOf),
              ...settings,
              'seconds',
            ]}
          />
          <tbody>
            {runs.slice(0, RUNS_MAX).map(run => (
              <tr key={run.run}>
                <td class="nowrap">
                  <RunLinks run={run} />
                </td>
                {axes.map(axis => (
                  <td key={axis} class={textAt(axis, run).length < NOWRAP_MAX ? 'nowrap' : undefined}>
                    {textAt(axis, run)}
                  </td>
                ))}
                <td>{run.status}</td>
                {hasWhy && <td class="why">{run.why === null ? '' : <span>{run.why}</span>}</td>}
                {metrics.map(name => (
                  <td key={name} class="number">
                    {textOf(name, run.metrics[name] ?? null)}
                  </td>
                ))}
                {settings.map(name => (
                  <td key={name}>{run.settings[name] ?? '–'}</td>
                ))}
                <td class="number">{numberText(run.seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {runs.length > RUNS_MAX && (
          <p>
            The first {RUNS_MAX} of {runs.length} runs; the filter brings the others, and the CSV has all.
          </p>
        )}
      </Scroll>
    </>
  )
}

/** How a reader comes to the page of a run, and to one with all messages. */
function AboutPages({ sweep, runs }: RunsProps) {
  const opens = runs.some(({ files }) => files.includes('html'))
  const isOfServers = sweep.settings.some(([name, value]) => name === 'architecture' && value === 'server')
  return (
    <p class="caption">
      {opens && 'A run’s name opens its page. '}
      {!(opens && isOfServers) && (
        <>
          <code>concord sweep page . RUN</code>, in this folder, runs one again and writes its page
          {isOfServers ? '.' : ' with every message.'}
        </>
      )}
    </p>
  )
}

/** To the files of its own, beside this page. A name that is no file's gets no link. */
function RunLinks({ run: { run, files } }: { run: SweepRun }) {
  if (!/^[A-Za-z0-9_-]+$/.test(run)) return <>{run}</>
  const hasPage = files.includes('html')
  return (
    <>
      {hasPage ? <a href={`runs/${run}.html`}>{run}</a> : run}
      {files.includes('json') && (
        <>
          {' '}
          <a href={`runs/${run}.json`} aria-label={`Row of ${run} as JSON`}>
            JSON
          </a>
        </>
      )}
    </>
  )
}

function RunCurves({ name, sweep, runs }: RunsProps & { name: string }) {
  const axes = axesOf(sweep, runs)
  const shown = runs.filter(run => name in run.series).slice(0, LINES_MAX)
  const series = shown.map((run, at): Series => {
    const [steps, values] = run.series[name]!
    return {
      label: labelOfRun(sweep, run, axes),
      look: lookOf(at),
      points: steps.map((step, index): Point => [step, values[index] ?? null]),
    }
  })
  const rest = runs.length > LINES_MAX ? ` The first ${LINES_MAX} of ${runs.length} runs.` : ''
  return (
    <LineChart
      title={`${name} of each run`}
      caption={`A line for each run of the cell.${rest}`}
      x={{ label: 'step', text: numberText, whole: true, sparse: true }}
      y={{
        label: labelOf(name),
        text: value => textOf(name, value),
        ...(isShare(name) ? { of: 'shares' } : {}),
      }}
      series={series}
    />
  )
}

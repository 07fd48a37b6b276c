/** Two or more runs beside each other: their figures in one chart each, and any view of all of them. */
import { useMemo, useState } from 'preact/hooks'
import type { RunDocument, StepRow } from '../../run.ts'
import { DataTable } from '../chart/figure.tsx'
import { bytesText, numberText, percentText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf } from '../chart/palette.ts'
import type { Point } from '../chart/thin.ts'
import { asNow, runs, type Shown } from '../state.ts'
import { RunView } from './run-view.tsx'

const sideViews = ['cohort', 'learning', 'lie', 'schedule', 'iterations', 'faults'] as const

export function Compare({ now }: { now: number }) {
  const [side, setSide] = useState<(typeof sideViews)[number]>('lie')
  const known = runs.value
  const shown = useMemo(() => known.map(one => ({ ...one, run: asNow(one.run) })), [known, now])
  if (shown.length < 2)
    return (
      <p class="empty">
        Drop two or more files of runs on this page, or open them above: pages that --page wrote, or reports
        that --report wrote.
      </p>
    )
  const steps = shown.flatMap(({ run }) => run.steps.map(({ step }) => step))
  const [from, to] = [Math.min(...steps), Math.max(...steps)]
  const x = { label: 'step', text: numberText, whole: true, from, to }
  return (
    <>
      <div class="runs">
        <DataTable label="The runs" table={summary(shown)} />
      </div>
      <div class="grid">
        <LineChart
          title="Loss of each run"
          x={x}
          y={{ label: 'loss', text: numberText }}
          series={over(shown, row => row.loss)}
        />
        <LineChart
          title="Accuracy of each run"
          caption="On which the cohort agreed, or else the mean of its honest peers."
          x={x}
          y={{ label: 'accuracy (%)', text: percentText, of: 'shares' }}
          series={over(shown, accuracyOf).map(withoutGaps)}
        />
        <LineChart
          title="Honest diameter of the parameters of each run"
          caption="After the agreement of each step."
          x={x}
          y={{ label: 'distance (log)', text: numberText, log: true }}
          series={over(shown, row => row.parameters?.after ?? null).map(withoutGaps)}
        />
      </div>
      <div class="controls">
        <label>
          Side by side{' '}
          <select
            value={side}
            onChange={event => setSide(sideViews.find(name => name === event.currentTarget.value) ?? 'lie')}
          >
            {sideViews.map(name => (
              <option key={name} value={name}>
                {name === 'lie' ? 'why the lie does not work' : name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="columns" tabIndex={0} role="group" aria-label="The runs side by side">
        {shown.map(({ name, run }, at) => (
          <section key={at} aria-label={labelOf(shown[at]!, at)}>
            <h3>
              {at + 1}: {name}
            </h3>
            <RunView name={side} run={run} now={now} />
          </section>
        ))}
      </div>
    </>
  )
}

const labelOf = ({ name }: Shown, at: number) => `${at + 1}: ${name}`

function over(
  shown: readonly Shown[],
  value: (row: StepRow, run: RunDocument) => number | null,
): readonly Series[] {
  return shown.map((one, at) => ({
    label: labelOf(one, at),
    look: lookOf(at),
    points: one.run.steps.map((row): Point => [row.step, value(row, one.run)]),
  }))
}

function withoutGaps(series: Series): Series {
  return { ...series, points: series.points.filter(([, y]) => y !== null) }
}

function accuracyOf(row: StepRow, run: RunDocument): number | null {
  if (row.agreedAccuracy !== null) return row.agreedAccuracy
  const known = row.accuracies.filter(
    (value, peer): value is number => value !== null && run.about.peers[peer]!.honest !== false,
  )
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
}

function summary(shown: readonly Shown[]) {
  const rows = shown.map((one, at) => {
    const { run } = one
    const results = run.end?.results.filter(({ peer }) => run.about.peers[peer]?.honest !== false) ?? []
    const worst = results.flatMap(({ accuracy }) => accuracy ?? [])
    return [
      ...[labelOf(one, at), run.about.command, run.about.protocol, String(run.about.peers.length)],
      ...[String(run.about.maxFaulty), run.state],
      worst.length === 0 ? '–' : percentText(Math.min(...worst)),
      bytesText(run.end?.bytes ?? null),
    ]
  })
  const head = [
    'run',
    'command',
    'protocol',
    'peers',
    'faulty at most',
    'state',
    'worst honest accuracy',
    'sent',
  ]
  return { head, rows }
}

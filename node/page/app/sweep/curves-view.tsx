/** Curves over steps: a figure for each attack and setting, a line with its interval for each rule. */
import { useMemo, useState } from 'preact/hooks'
import { bandOf, captionOf } from '../../../sweep/figures/curve-scene.ts'
import { type CurveLine, curvePanels } from '../../../sweep/figures/curves.ts'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { rolesOf } from '../../../sweep/figures/heat-map.ts'
import { isShare, labelOf, textOf } from '../../../sweep/figures/metric.ts'
import { numberText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf } from '../chart/palette.ts'
import { Choice } from './choice.tsx'
import { metric } from './state.ts'

/** Figures that are drawn; a filter brings the others. */
const PANELS_MAX = 48
const LOG_RATIO = 1000

export function CurvesView({ sweep, runs }: { sweep: SweepDocument; runs: readonly SweepRun[] }) {
  const [own, setOwn] = useState<string | null>(null)
  const [log, setLog] = useState<boolean | null>(null)
  const roles = rolesOf(sweep)!
  const name = own ?? (sweep.series.includes(metric.value) ? metric.value : sweep.series[0])
  const panels = useMemo(
    () => (name === undefined ? [] : curvePanels(sweep, runs, roles, name)),
    [sweep, runs, name],
  )
  const all = useMemo(() => extentOf(panels.flatMap(({ lines }) => lines)), [panels])
  if (name === undefined)
    return <p class="empty">No run of this sweep has a series: measure with evaluateEvery.</p>
  const isLog = log ?? (all !== null && all[0] > 0 && all[1] / all[0] > LOG_RATIO)
  return (
    <>
      <div class="controls">
        <Choice
          label="Series"
          value={name}
          options={sweep.series.map(one => [one, one] as const)}
          onChange={setOwn}
        />
        <label>
          <input type="checkbox" checked={isLog} onChange={event => setLog(event.currentTarget.checked)} />
          logarithmic
        </label>
      </div>
      {panels.length === 0 ? (
        <p class="empty">No run is left by the filter.</p>
      ) : (
        <p class="caption">
          {captionOf(panels)}
          {panels.length > PANELS_MAX &&
            ` The first ${PANELS_MAX} of ${panels.length} figures are drawn: filter for the others.`}
        </p>
      )}
      <div class="grid">
        {panels.slice(0, PANELS_MAX).map(({ label, lines }) => (
          <LineChart
            key={label}
            title={label === '' ? name : `${name}: ${label}`}
            x={{ label: 'step', text: numberText, whole: true }}
            y={{
              label: `${labelOf(name)}${isLog ? ' (log)' : ''}`,
              text: value => textOf(name, value),
              log: isLog,
              reach: all ?? [],
              ...(isShare(name) ? { of: 'shares' } : {}),
            }}
            series={lines.map(line => seriesOf(sweep, line, roles.subject, name, isLog))}
          />
        ))}
      </div>
    </>
  )
}

/** The least and the greatest mean of all figures, which share a scale. */
function extentOf(lines: readonly CurveLine[]): readonly [number, number] | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { points } of lines)
    for (const { mean } of points) {
      if (mean === null) continue
      low = Math.min(low, mean)
      high = Math.max(high, mean)
    }
  return low > high ? null : [low, high]
}

function seriesOf(sweep: SweepDocument, line: CurveLine, axis: number, name: string, log: boolean): Series {
  const known = line.points.flatMap(({ step, mean, half }) =>
    mean === null || half === null ? [] : [{ step, mean, half }],
  )
  const band = known.map(({ step, mean, half }) => [step, ...bandOf(mean, half, name)] as const)
  return {
    label: `${sweep.axes[axis]!.values[line.subject]}${line.endsEarly === 'diverged' ? ' (a run diverged)' : ''}`,
    look: lookOf(line.subject),
    points: line.points.map(({ step, mean }) => [step, mean] as const),
    // What is not above 0 has no place on a logarithm.
    band: log ? band.filter(([, low]) => low > 0) : band,
  }
}

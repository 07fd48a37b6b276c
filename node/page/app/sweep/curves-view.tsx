/** Curves over steps: a figure for each attack and setting, a line with its interval for each rule. */
import { useMemo, useState } from 'preact/hooks'
import { bandOf, captionOf, curveExtent } from '../../../sweep/figures/curve-scene.ts'
import { type CurveLine, curvePanels } from '../../../sweep/figures/curves.ts'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { rolesOf } from '../../../sweep/figures/heat-map.ts'
import { isShare, labelOf, textOf } from '../../../sweep/figures/metric.ts'
import { tellingSeries } from '../../../sweep/figures/telling.ts'
import { numberText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf } from '../chart/palette.ts'
import { Choice } from './choice.tsx'
import { metric } from './state.ts'

/** Figures that are drawn; a filter brings the others. */
const PANELS_MAX = 48

/** What is drawn around a line; with few seeds an interval is wide. */
type Band = 'half' | 'deviation' | 'none'
const bands: readonly (readonly [Band, string])[] = [
  ['half', '95 % interval of the mean'],
  ['deviation', 'standard deviation over seeds'],
  ['none', 'none'],
]
const bandWords: Readonly<Record<Band, string | null>> = {
  half: 'the 95 % interval of the mean',
  deviation: 'the standard deviation over seeds',
  none: null,
}

export function CurvesView({ sweep, runs }: { sweep: SweepDocument; runs: readonly SweepRun[] }) {
  const [own, setOwn] = useState<string | null>(null)
  const [band, setBand] = useState<Band>('half')
  const [log, setLog] = useState<boolean | null>(null)
  const roles = rolesOf(sweep)!
  const { names, leftOut } = useMemo(() => tellingSeries(sweep), [sweep])
  const name = own ?? (names.includes(metric.value) ? metric.value : names[0])
  const panels = useMemo(
    () => (name === undefined ? [] : curvePanels(sweep, runs, roles, name)),
    [sweep, runs, name],
  )
  const extent = useMemo(() => curveExtent(panels, name ?? '', band, log), [panels, name, band, log])
  if (name === undefined)
    return <p class="empty">No run of this sweep has a series: measure with evaluateEvery.</p>
  const { steps, log: isLog } = extent
  const reach = steps.length === 0 ? {} : { from: steps[0]!, to: steps.at(-1)! }
  return (
    <>
      <div class="controls">
        <Choice
          label="Series"
          value={name}
          options={names.map(one => [one, one] as const)}
          onChange={setOwn}
        />
        <Choice label="Band" value={band} options={bands} onChange={setBand} />
        <label>
          <input type="checkbox" checked={isLog} onChange={event => setLog(event.currentTarget.checked)} />
          logarithmic
        </label>
      </div>
      {panels.length === 0 ? (
        <p class="empty">No run is left by the filter.</p>
      ) : (
        <p class="caption">
          {captionOf(panels, bandWords[band], false)}
          {leftOut.length > 0 && ` Left out: ${leftOut.length} series that would tell no two runs apart.`}
          {panels.length > PANELS_MAX &&
            ` The first ${PANELS_MAX} of ${panels.length} figures are drawn: filter for the others.`}
        </p>
      )}
      <div class="grid">
        {panels.slice(0, PANELS_MAX).map(({ label, lines }) => (
          <LineChart
            key={label}
            title={label === '' ? name : `${name}: ${label}`}
            x={{ label: 'step', text: numberText, sparse: true, ...reach }}
            y={{
              label: `${labelOf(name)}${isLog ? ' (log)' : ''}`,
              text: value => textOf(name, value),
              log: isLog,
              over: extent.values,
              ...(isShare(name) ? { of: 'shares' } : {}),
            }}
            series={lines.map(line => seriesOf(sweep, line, { axis: roles.subject, name, isLog, band }))}
          />
        ))}
      </div>
    </>
  )
}

const endings = { diverged: ' (a run diverged)', stopped: ' (a run stopped early)', none: '' } as const

interface LineLook {
  /** Of the lines' names. */
  readonly axis: number
  readonly name: string
  readonly isLog: boolean
  readonly band: Band
}

function seriesOf(sweep: SweepDocument, line: CurveLine, { axis, name, isLog, band }: LineLook): Series {
  const around = line.points.flatMap(point => {
    const half = band === 'none' ? null : point[band]
    if (point.mean === null || half === null) return []
    return [[point.step, ...bandOf(point.mean, half, name)] as const]
  })
  return {
    label: `${sweep.axes[axis]!.values[line.subject]}${endings[line.endsEarly ?? 'none']}`,
    look: lookOf(line.subject),
    points: line.points.map(({ step, mean }) => [step, mean] as const),
    // What is not above 0 has no place on a logarithm.
    band: isLog ? around.filter(([, low]) => low > 0) : around,
  }
}

/** The page of a sweep around its views: what it is and how its runs ended, the metric, the filters. */
import type { ComponentType } from 'preact'
import { useMemo } from 'preact/hooks'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { rolesOf } from '../../../sweep/figures/heat-map.ts'
import { tellingMetrics } from '../../../sweep/figures/telling.ts'
import { countText, listText } from '../chart/format.ts'
import { Guarded } from '../guarded.tsx'
import { Choice, Filters } from './choice.tsx'
import { ComparisonView } from './comparison-view.tsx'
import { CurvesView } from './curves-view.tsx'
import { MapView } from './map-view.tsx'
import { RunsView } from './runs-view.tsx'
import {
  better,
  chosenBetter,
  hidden,
  keptRuns,
  metric,
  picked,
  type ViewName,
  view,
  views,
} from './state.ts'

interface ViewProps {
  readonly sweep: SweepDocument
  readonly runs: readonly SweepRun[]
}

const parts: Readonly<Record<ViewName, { readonly title: string; readonly View: ComponentType<ViewProps> }>> =
  {
    map: { title: 'Heat map', View: MapView },
    curves: { title: 'Curves', View: CurvesView },
    comparison: { title: 'Comparison', View: ComparisonView },
    runs: { title: 'Runs', View: RunsView },
  }

export function App({ sweep }: { sweep: SweepDocument }) {
  const runs = useMemo(() => keptRuns(sweep), [sweep, hidden.value])
  return (
    <>
      <a class="skip" href="#main">
        To the figures
      </a>
      <header>
        <div class="head">
          <p class="kind">Concord · sweep</p>
          <h1>{sweep.title}</h1>
          <p class="standing">{standingOf(sweep)}</p>
        </div>
      </header>
      {sweep.thinned.map((sentence, at) => (
        <p class="trouble" key={at}>
          {sentence}
        </p>
      ))}
      <Navigation />
      <MetricControls sweep={sweep} />
      <Filters sweep={sweep} />
      <main id="main" tabIndex={-1}>
        <Shown key={view.value} sweep={sweep} runs={runs} />
      </main>
      <About sweep={sweep} />
    </>
  )
}

/** `450 runs: 402 done, 30 skipped and 18 diverged. Different values: 5 of rule, 5 of attack.` */
function standingOf({ runs, axes }: SweepDocument): string {
  const counts = new Map<string, number>()
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1)
  const parts = [...counts].map(([status, count]) => `${count} ${status}`)
  const sizes = axes.map(({ name, values }) => `${values.length} of ${name}`)
  return `${countText(runs.length, 'run')}${parts.length === 0 ? '' : `: ${listText(parts)}`}. Different values: ${sizes.join(', ')}.`
}

function Navigation() {
  return (
    <nav aria-label="Views">
      {views.map(name => (
        <a key={name} href={`#${name}`} aria-current={view.value === name ? 'page' : undefined}>
          {parts[name].title}
        </a>
      ))}
    </nav>
  )
}

function MetricControls({ sweep }: { sweep: SweepDocument }) {
  const { names, leftOut } = useMemo(() => tellingMetrics(sweep), [sweep])
  return (
    <>
      <div class="controls">
        <Choice
          label="Metric"
          value={metric.value}
          options={names.map(name => [name, name] as const)}
          onChange={value => {
            metric.value = value
            chosenBetter.value = null
            picked.value = null
          }}
        />
        <Choice
          label="Better is"
          value={better.value}
          options={[
            ['higher', 'higher'],
            ['lower', 'lower'],
          ]}
          onChange={value => {
            chosenBetter.value = value
          }}
        />
      </div>
      {leftOut.length > 0 && (
        <details class="filters">
          <summary>Left out: {countText(leftOut.length, 'metric')} that would tell no two runs apart</summary>
          <p class="caption">{leftOut.join(', ')}. The list of runs has them.</p>
        </details>
      )}
    </>
  )
}

function Shown({ sweep, runs }: ViewProps) {
  const { title, View } = parts[view.value]
  return (
    <Guarded title={title} of={['this sweep', 'the page']}>
      {sweep.runs.length === 0 ? (
        <p class="empty">This sweep has no run so far.</p>
      ) : rolesOf(sweep) === null && view.value !== 'runs' ? (
        <p class="empty">
          This sweep has no axis but the seed, so there is nothing to compare. Its runs are listed.
        </p>
      ) : (
        <View sweep={sweep} runs={runs} />
      )}
    </Guarded>
  )
}

function About({ sweep }: { sweep: SweepDocument }) {
  if (sweep.settings.length === 0) return null
  return (
    <footer>
      <details>
        <summary>Settings that all runs share</summary>
        <dl>
          {sweep.settings.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </footer>
  )
}

/** The heat map: any two axes, a panel for each value of the others, and the runs behind a cell that is picked. */
import { useMemo, useState } from 'preact/hooks'
import type { Reduction } from '../../../sweep/figures/cells.ts'
import { SEED, type SweepDocument, type SweepRun } from '../../../sweep/figures/document.ts'
import { columnsOf, type HeatChoice, type HeatPanel, heatPanels } from '../../../sweep/figures/heat-map.ts'
import { cellTitle, heatScene, targetOf } from '../../../sweep/figures/heat-scene.ts'
import { labelOf } from '../../../sweep/figures/metric.ts'
import { svgOf } from '../../../sweep/figures/svg.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure } from '../chart/figure.tsx'
import { Reading } from '../chart/reading.tsx'
import { Cue } from '../chart/scroll.tsx'
import { useWidth } from '../chart/size.ts'
import { Choice } from './choice.tsx'
import { PickedRuns } from './picked-runs.tsx'
import { Drawing } from './scene.tsx'
import { better, columnsAxis, metric, number, picked, reduction, rowsAxis } from './state.ts'

/** Panels that are drawn; a filter brings the others. */
const PANELS_MAX = 48
/** Of a download, as files have it. */
const SVG_WIDTH = 800

export function MapView({ sweep, runs }: { sweep: SweepDocument; runs: readonly SweepRun[] }) {
  const choice = chosenMap()
  const key = JSON.stringify(choice)
  const panels = useMemo(() => heatPanels(sweep, runs, choice), [sweep, runs, key])
  const shown = panels.slice(0, PANELS_MAX)
  const title = titleOf(sweep, choice)
  return (
    <>
      <Figure
        title={title}
        caption={captionOf(panels.length)}
        controls={<MapControls sweep={sweep} />}
        numbers={() => numbersOf(sweep, panels, choice)}
        toSvg={() =>
          svgOf(
            heatScene({ document: sweep, panels: shown, scaledBy: panels, choice, title, width: SVG_WIDTH }),
          )
        }
      >
        {shown.length === 0 ? (
          <p class="empty">No run is left by the filter.</p>
        ) : (
          <HeatMap sweep={sweep} panels={shown} all={panels} choice={choice} title={title} />
        )}
      </Figure>
      <PickedRuns sweep={sweep} />
    </>
  )
}

function captionOf(panels: number): string {
  const rest =
    panels > PANELS_MAX
      ? ` The first ${PANELS_MAX} of ${panels} panels are drawn: filter for the others.`
      : ''
  return `Click a cell, or move there by the arrow keys and press Enter, for its runs.${rest}`
}

function chosenMap(): HeatChoice {
  const [by, axis] = reduction.value.split(' ')
  const reduced: Reduction | null =
    by === '' || axis === undefined ? null : { axis: Number(axis), by: by === 'worst' ? 'worst' : 'mean' }
  const drawn: readonly (number | null)[] = [rowsAxis.value, columnsAxis.value]
  return {
    metric: metric.value,
    better: better.value,
    rows: rowsAxis.value,
    columns: columnsAxis.value,
    number: number.value,
    reduction: reduced !== null && drawn.includes(reduced.axis) ? null : reduced,
  }
}

function titleOf({ axes }: SweepDocument, { metric, number, reduction }: HeatChoice): string {
  const what = number === 'mean' ? metric : `Spread over seeds of ${metric}`
  if (reduction === null) return number === 'mean' ? `Mean ${what}` : what
  const over = axes[reduction.axis]!.name
  return reduction.by === 'worst' ? `${what} under the worst ${over}` : `${what}, mean over ${over}`
}

function MapControls({ sweep }: { sweep: SweepDocument }) {
  const axes = sweep.axes.flatMap(({ name }, at) => (name === SEED ? [] : [[String(at), name] as const]))
  const free = axes.filter(([at]) => Number(at) !== rowsAxis.value && Number(at) !== columnsAxis.value)
  const reductions = free.flatMap(([at, name]) => [
    [`worst ${at}`, `worst case over ${name}`] as const,
    [`mean ${at}`, `mean over ${name}`] as const,
  ])
  const options = [['', 'a panel for each'] as const, ...reductions]
  const before = { rows: rowsAxis.value, columns: columnsAxis.value }
  return (
    <>
      <Choice
        label="Rows"
        value={String(rowsAxis.value)}
        options={axes}
        onChange={value => {
          // An axis that the columns have is exchanged.
          if (before.columns === Number(value)) columnsAxis.value = before.rows
          rowsAxis.value = Number(value)
          picked.value = null
        }}
      />
      <Choice
        label="Columns"
        value={String(columnsAxis.value ?? '')}
        options={[...axes, ['', 'none']]}
        onChange={value => {
          const other = before.columns ?? axes.map(([at]) => Number(at)).find(at => at !== Number(value))
          if (value !== '' && before.rows === Number(value)) {
            if (other === undefined) return
            rowsAxis.value = other
          }
          columnsAxis.value = value === '' ? null : Number(value)
          picked.value = null
        }}
      />
      <Choice
        label="Other axes"
        value={options.some(([one]) => one === reduction.value) ? reduction.value : ''}
        options={options}
        onChange={value => {
          reduction.value = value
          picked.value = null
        }}
      />
      <Choice
        label="Number"
        value={number.value}
        options={[
          ['mean', 'mean over seeds'],
          ['spread', 'spread over seeds'],
        ]}
        onChange={value => {
          number.value = value
        }}
      />
    </>
  )
}

interface MapProps {
  readonly sweep: SweepDocument
  readonly panels: readonly HeatPanel[]
  readonly all: readonly HeatPanel[]
  readonly choice: HeatChoice
  readonly title: string
}

function HeatMap({ sweep, panels, all, choice, title }: MapProps) {
  const { box, width } = useWidth()
  const [at, setAt] = useState<readonly [panel: number, row: number, column: number] | null>(null)
  const scene = useMemo(
    () => heatScene({ document: sweep, panels, scaledBy: all, choice, title, width }),
    [sweep, panels, JSON.stringify(choice), width],
  )
  const found = at === null ? undefined : panels[at[0]]?.cells[at[1]]?.[at[2]]
  const current = at === null || found === undefined ? null : targetOf(...at)
  const label = at === null || found === undefined ? '' : nameOf(sweep, panels[at[0]]!, choice, at[1], at[2])
  const placeOf = (target: string) => target.split(' ').map(Number) as [number, number, number]
  const pick = (place: readonly [number, number, number]) => {
    const panel = panels[place[0]]!
    const cell = panel.cells[place[1]]![place[2]]!
    picked.value = { label: nameOf(sweep, panel, choice, place[1], place[2]), runs: cell.runs }
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && at !== null && found !== undefined) pick(at)
    const next = moved(panels, at, event.key)
    if (next === null) return
    event.preventDefault()
    setAt(next)
  }
  return (
    <Reading title={title} of="cells" onKeyDown={press}>
      <Cue region={box} />
      <div class="map-scroll" ref={box}>
        <Drawing
          scene={scene}
          label={`${title}. The numbers are in the table below.`}
          current={current}
          onPoint={target => setAt(target === null ? null : placeOf(target))}
          onPick={target => pick(placeOf(target))}
        />
      </div>
      <p class="readout" aria-live="polite">
        {found === undefined ? '' : cellTitle(sweep, choice, found, label)}
      </p>
    </Reading>
  )
}

function nameOf(
  sweep: SweepDocument,
  panel: HeatPanel,
  choice: HeatChoice,
  row: number,
  column: number,
): string {
  const rows = sweep.axes[choice.rows]!
  const columns = columnsOf(sweep, choice)
  const cell = `${rows.name} ${rows.values[panel.rows[row]!]}, ${columns.name} ${columns.values[panel.columns[column]!]}`
  return panel.label === '' ? cell : `${cell}, ${panel.label}`
}

/** The cell that an arrow key leads to; below the last row comes the next panel. */
function moved(
  panels: readonly HeatPanel[],
  at: readonly [number, number, number] | null,
  key: string,
): readonly [number, number, number] | null {
  const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key]
  if (by === undefined) return null
  if (at === null) return [0, 0, 0]
  const [panel, row, column] = at
  const { rows, columns } = panels[panel]!
  const nextColumn = Math.min(columns.length - 1, Math.max(0, column + by[1]!))
  const nextRow = row + by[0]!
  if (nextRow >= 0 && nextRow < rows.length) return [panel, nextRow, nextColumn]
  const nextPanel = panel + by[0]!
  if (panels[nextPanel] === undefined) return at
  return [nextPanel, nextRow < 0 ? panels[nextPanel].rows.length - 1 : 0, nextColumn]
}

/** A row for each cell, with all that is known of it. */
function numbersOf(sweep: SweepDocument, panels: readonly HeatPanel[], choice: HeatChoice): NumbersTable {
  const rows = sweep.axes[choice.rows]!
  const columns = columnsOf(sweep, choice)
  const facets = panels[0]?.at.map(([axis]) => sweep.axes[axis]!) ?? []
  const worst = choice.reduction?.by === 'worst' ? [`worst ${sweep.axes[choice.reduction.axis]!.name}`] : []
  const unit = labelOf(choice.metric) === choice.metric ? '' : ', as a share'
  return {
    head: [
      ...[...facets.map(({ name }) => name), rows.name, columns.name, ...worst],
      ...[`mean ${choice.metric}${unit}`, '± 95 %', 'standard deviation', 'seeds', 'runs', 'notes'],
    ],
    rows: panels.flatMap(panel =>
      panel.cells.flatMap((line, row) =>
        line.map((cell, column) => [
          ...panel.at.map(([axis, value]) => sweep.axes[axis]!.values[value]!),
          ...[rows.values[panel.rows[row]!]!, columns.values[panel.columns[column]!]!],
          ...(worst.length === 0
            ? []
            : [cell.worstAt === null ? '–' : sweep.axes[choice.reduction!.axis]!.values[cell.worstAt]!]),
          ...[cell.summary?.mean ?? null, cell.summary?.half ?? null],
          cell.summary !== null && cell.summary.count > 1 ? cell.summary.deviation : null,
          ...[cell.summary?.count ?? 0, cell.runs.length, cell.notes.join(' ')],
        ]),
      ),
    ),
  }
}

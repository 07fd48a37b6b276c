/**
 * Lines over a common x: steps, iterations or time. A pointer or the arrow keys read the values at an x; a click
 * chooses it, where that means something.
 */
import { area, curveStepAfter, line } from 'd3-shape'
import { useState } from 'preact/hooks'
import { XAxis, YAxis } from './axes.tsx'
import type { NumbersTable } from './download.ts'
import { Figure } from './figure.tsx'
import { numberText } from './format.ts'
import { type Look, paint, shapePath } from './palette.ts'
import { Reading } from './reading.tsx'
import { type Box, type Scale, scaleOver } from './scale.ts'
import { useWidth } from './size.ts'
import { type Point, thinned } from './thin.ts'

export interface Series {
  readonly label: string
  readonly look: Look
  /** By ascending x; a null interrupts the line. */
  readonly points: readonly Point[]
  /** Drawn thin, as context for the others. */
  readonly faint?: boolean
  /** Holds its value until the next point. */
  readonly stairs?: boolean
  /** What lies around the line, such as an interval: by ascending x. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[]
}

interface LineChartProps {
  readonly title: string
  readonly caption?: string
  readonly x: {
    readonly label: string
    readonly text?: (value: number) => string
    readonly whole?: boolean
    /** Ticks stand only where something was measured: there are few points. */
    readonly sparse?: boolean
    /** What the axis reaches over, if more than the points. */
    readonly from?: number
    readonly to?: number
  }
  readonly y: {
    readonly label: string
    readonly text?: (value: number) => string
    readonly log?: boolean
    readonly whole?: boolean
    /** Values are amounts, which are measured from 0; or shares, which lie in [0, 1]. */
    readonly of?: 'amounts' | 'shares'
    /** The axis reaches over these alone, so that figures beside each other have one scale; what is beyond is cut. */
    readonly over?: readonly number[]
  }
  readonly series: readonly Series[]
  readonly chosen?: number | null
  readonly onChoose?: (x: number) => void
}

const HEIGHT = 280
/** Where every value is 0, there is one line to see. */
const FLAT_HEIGHT = 110

export function LineChart(props: LineChartProps) {
  const { title, caption, series } = props
  const { box: container, width } = useWidth()
  const shown = series.filter(({ points }) => points.some(([, y]) => y !== null))
  const legend = shown.map(({ label, look }) => ({ label, look, as: 'line' as const }))
  const zeros = props.y.log ? zerosText(shown) : null
  return (
    <Figure
      title={title}
      caption={[caption, zeros].filter(Boolean).join(' ') || undefined}
      legend={legend}
      numbers={() => numbersOf(props)}
      isBare={shown.length === 0}
    >
      <div ref={container}>
        {shown.length === 0 ? (
          <p class="empty">Nothing has been measured.</p>
        ) : (
          <Lines {...props} series={shown} width={width} />
        )}
      </div>
    </Figure>
  )
}

/** Of a log scale: where its zeros are. */
function zerosText(series: readonly Series[]): string | null {
  if (!hasZeros(series)) return null
  return hasPositive(series)
    ? 'A log scale has no 0: exact zeros stand below it.'
    : 'Every value is exactly 0.'
}

const hasPositive = (series: readonly Series[]) =>
  series.some(({ points }) => points.some(([, y]) => y !== null && y > 0))
const hasZeros = (series: readonly Series[]) => series.some(({ points }) => points.some(([, y]) => y === 0))

/** Between the lowest value of a log scale and its 0. */
const ZERO_GAP = 26

function Lines({ title, x, y, series, chosen, onChoose, width }: LineChartProps & { width: number }) {
  const [at, setAt] = useState<number | null>(null)
  const bare = y.log === true && !hasPositive(series)
  const height = bare ? FLAT_HEIGHT : HEIGHT
  const box: Box = { left: 58, right: width - 14, top: 26, bottom: height - 40 }
  const xs = xsOf(series)
  const scaleX = scaleAcross(xs, x, box)
  const zero = y.log === true && hasZeros(series)
  const scaleY = scaleUp(series, y, [zero ? box.bottom - ZERO_GAP : box.bottom, box.top])
  const read = at === null ? null : nearest(xs, at)
  const [textX, textY] = [x.text ?? numberText, y.text ?? numberText]
  const move = (event: PointerEvent & { currentTarget: SVGSVGElement }) =>
    setAt(scaleX.invert(event.clientX - event.currentTarget.getBoundingClientRect().left))
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (event.key === 'Enter' && read !== null) onChoose?.(read)
    if (step === undefined) return
    event.preventDefault()
    const from = read === null ? (step > 0 ? -1 : xs.length) : xs.indexOf(read)
    setAt(xs[Math.min(xs.length - 1, Math.max(0, from + step))]!)
  }
  return (
    <Reading title={title} of="values" onKeyDown={key}>
      <svg
        class="drawing"
        width={width}
        height={height}
        role="img"
        aria-label={`${title}. The numbers are in the table below.`}
        onPointerMove={move}
        onPointerLeave={() => setAt(null)}
        onClick={() => read !== null && onChoose?.(read)}
      >
        <YAxis
          scale={scaleY}
          box={box}
          label={y.label}
          text={textY}
          log={y.log === true}
          whole={y.whole === true}
          zero={zero}
          bare={bare}
        />
        <XAxis scale={scaleX} box={box} label={x.label} text={textX} {...ticksAt(x, xs)} />
        {isOn(scaleX, chosen) && (
          <line class="chosen" x1={scaleX(chosen)} x2={scaleX(chosen)} y1={box.top} y2={box.bottom} />
        )}
        {series.map(one => (
          <Line key={one.label} series={one} scaleX={scaleX} scaleY={scaleY} box={box} />
        ))}
        {read !== null && (
          <line class="cursor" x1={scaleX(read)} x2={scaleX(read)} y1={box.top} y2={box.bottom} />
        )}
      </svg>
      <p class="readout" aria-live="polite">
        {read === null ? '' : readoutOf(series, read, x.label, textX, textY)}
      </p>
    </Reading>
  )
}

/** Where ticks may stand. */
const ticksAt = ({ whole = false, sparse = false }: LineChartProps['x'], xs: readonly number[]) =>
  sparse ? { measured: xs } : { whole }

function scaleUp(
  series: readonly Series[],
  { of, over, log }: LineChartProps['y'],
  range: readonly [number, number],
): Scale {
  const values = [...(of === 'amounts' ? [0] : []), ...(over ?? valuesOf(series))]
  return scaleOver(values, range, log === true, of === 'shares')
}

/** Every x at which any series has a value, ascending. */
function xsOf(series: readonly Series[]): readonly number[] {
  return [...new Set(series.flatMap(({ points }) => points.map(([value]) => value)))].sort((a, b) => a - b)
}

function isOn(scale: Scale, value: number | null | undefined): value is number {
  const [first, last] = [scale.domain()[0]!, scale.domain()[1]!]
  return value !== null && value !== undefined && value >= first && value <= last
}

function scaleAcross(xs: readonly number[], { from, to }: LineChartProps['x'], { left, right }: Box): Scale {
  const [first, last] = [Math.min(xs[0]!, from ?? Infinity), Math.max(xs.at(-1)!, to ?? -Infinity)]
  const scale = scaleOver([first, last], [left, right], false)
  return scale.domain(last > first ? [first, last] : [first - 1, first + 1])
}

function* valuesOf(series: readonly Series[]): Iterable<number> {
  for (const { points, band = [] } of series) {
    for (const [, value] of points) if (value !== null) yield value
    for (const [, low, high] of band) yield* [low, high]
  }
}

interface LineProps {
  readonly series: Series
  readonly scaleX: Scale
  readonly scaleY: Scale
  readonly box: Box
}

function Line({ series, scaleX, scaleY, box }: LineProps) {
  const { look, faint } = series
  const points = thinned(series.points, box.right - box.left)
  // On a log scale 0 stands below all that has a place.
  const placeY = (value: number) => {
    const place = scaleY(value)
    // What is beyond the axis is cut at its edge.
    return Number.isFinite(place) ? Math.min(box.bottom, Math.max(box.top, place)) : box.bottom
  }
  const draw = line<Point>()
    .defined(([, y]) => y !== null)
    .x(([x]) => scaleX(x))
    .y(([, y]) => placeY(y!))
  if (series.stairs) draw.curve(curveStepAfter)
  const known = points.filter(([, y]) => y !== null)
  const every = Math.max(1, Math.ceil(known.length / 6))
  const marked = known.filter((_, at) => at % every === Math.floor(every / 2) || known.length <= 6)
  const around = area<readonly [number, number, number]>()
    .x(([x]) => scaleX(x))
    .y0(([, low]) => placeY(low))
    .y1(([, , high]) => placeY(high))
  return (
    <g class={faint ? 'faint' : undefined}>
      {series.band !== undefined && series.band.length > 1 && (
        <path d={around([...series.band]) ?? ''} opacity={0.16} style={{ fill: paint(look.colour) }} />
      )}
      <path
        d={draw(points as Point[]) ?? ''}
        fill="none"
        stroke-width={faint ? 1.25 : 2}
        stroke-dasharray={look.dash}
        style={{ stroke: paint(look.colour), fill: 'none' }}
      />
      {marked.map(([x, y]) => (
        <path
          key={x}
          d={shapePath(look.shape, faint ? 20 : 34)}
          transform={`translate(${scaleX(x)} ${placeY(y!)})`}
          style={{ fill: paint(look.colour) }}
        />
      ))}
    </g>
  )
}

function nearest(sorted: readonly number[], value: number): number {
  let best = sorted[0]!
  for (const one of sorted) if (Math.abs(one - value) < Math.abs(best - value)) best = one
  return best
}

/** Values in one line of text; of very many series, the first. */
const READ_MAX = 10

function readoutOf(
  series: readonly Series[],
  at: number,
  label: string,
  textX: (value: number) => string,
  textY: (value: number) => string,
): string {
  const values = series.slice(0, READ_MAX).flatMap(one => {
    const value = valueAt(one, at)
    return value === null ? [] : [`${one.label} ${textY(value)}`]
  })
  return `${label} ${textX(at)}: ${values.length === 0 ? 'not measured' : values.join(' · ')}`
}

function valueAt({ points, stairs }: Series, at: number): number | null {
  if (stairs) return points.findLast(([x]) => x <= at)?.[1] ?? null
  return points.find(([x]) => x === at)?.[1] ?? null
}

function numbersOf({ x, y, series }: LineChartProps): NumbersTable {
  const xs = xsOf(series)
  const lookups = series.map(({ points }) => new Map(points))
  return {
    head: [x.label, ...series.map(({ label }) => `${label} (${y.label})`)],
    rows: xs.map(value => [value, ...lookups.map(lookup => lookup.get(value) ?? null)]),
  }
}

/** Axes with units, a grid, and the scales behind them. */
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'

export type Scale = ScaleContinuousNumeric<number, number>

export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** A scale over the values, of shares never beyond 0 and 1; on a log scale what is not above 0 has no place. */
export function scaleOver(
  values: Iterable<number>,
  range: readonly [number, number],
  log: boolean,
  share = false,
): Scale {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue
    if (value < least) least = value
    if (value > most) most = value
  }
  if (least > most) [least, most] = [log ? 0.1 : 0, 1]
  if (log) {
    if (least === most) [least, most] = [least / 10, most * 10]
    return scaleLog().domain([least, most]).nice().range(range)
  }
  if (share && least === most) [least, most] = [0, 1]
  if (least === most)
    [least, most] = least === 0 ? [0, 1] : [least - Math.abs(least) / 2, most + Math.abs(most) / 2]
  const scale = scaleLinear().domain([least, most]).nice()
  if (share) scale.domain(scale.domain().map(value => Math.min(1, Math.max(0, value))))
  return scale.range(range)
}

interface AxisProps {
  readonly scale: Scale
  readonly box: Box
  readonly label: string
  readonly text: (value: number) => string
  readonly log?: boolean
  /** Only whole numbers have a place on it. */
  readonly whole?: boolean
  /** Of a log scale, which has no 0: values that are 0 stand on the box's edge, below it. */
  readonly zero?: boolean
  /** No value has a place on it: it has no ticks. */
  readonly bare?: boolean
}

/** Ticks of a log scale: powers of ten, few enough to be read. */
function ticksOf(scale: Scale, count: number, log: boolean): readonly number[] {
  if (!log) return scale.ticks(count)
  const powers = scale.ticks(count).filter(value => Math.abs(Math.log10(value) % 1) < 1e-9)
  if (powers.length < 2)
    return scale.ticks(count).filter((_, at, all) => at % Math.ceil(all.length / count) === 0)
  const every = Math.ceil(powers.length / count)
  return powers.filter((_, at) => at % every === 0)
}

export function XAxis({ scale, box, label, text, whole = false }: AxisProps) {
  const ticks = ticksOf(scale, Math.max(2, Math.floor((box.right - box.left) / 80)), false).filter(
    value => !whole || Number.isInteger(value),
  )
  return (
    <g class="axis">
      <line x1={box.left} x2={box.right} y1={box.bottom} y2={box.bottom} />
      {ticks.map(value => (
        <g key={value} transform={`translate(${scale(value)} ${box.bottom})`}>
          <line y2="4" />
          <text y="16" text-anchor={scale(value) > box.right - 16 ? 'end' : 'middle'}>
            {text(value)}
          </text>
        </g>
      ))}
      <text class="axis-label" x={box.right} y={box.bottom + 32} text-anchor="end">
        {label}
      </text>
    </g>
  )
}

/** Ticks that are all whole have no zeros after the point: 80 %, 4 s. */
function wholeTexts(texts: readonly string[]): readonly string[] {
  const areWhole = texts.every(text => /^−?\d+(\.0+)?( |$)/.test(text))
  return areWhole ? texts.map(text => text.replace(/\.0+/, '')) : texts
}

export function YAxis({ scale, box, label, text, log = false, zero = false, bare = false }: AxisProps) {
  const ticks = bare ? [] : ticksOf(scale, Math.max(2, Math.floor((box.bottom - box.top) / 40)), log)
  const texts = wholeTexts(ticks.map(text))
  return (
    <g class="axis">
      {ticks.map((value, at) => (
        <g key={value} transform={`translate(${box.left} ${scale(value)})`}>
          <line class="grid" x2={box.right - box.left} />
          <text x="-6" dy="0.32em" text-anchor="end">
            {texts[at]}
          </text>
        </g>
      ))}
      {zero && (
        <g transform={`translate(${box.left} ${box.bottom})`}>
          <text x="-6" dy="0.32em" text-anchor="end">
            0
          </text>
        </g>
      )}
      <text class="axis-label" x="2" y={box.top - 10}>
        {label}
      </text>
    </g>
  )
}

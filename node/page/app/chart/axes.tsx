/** Axes with units and a grid. */
import { timeText, timeTexts } from './format.ts'
import { type Box, measuredTicks, type Scale, ticksOf } from './scale.ts'

interface AxisProps {
  readonly scale: Scale
  readonly box: Box
  readonly label: string
  readonly text: (value: number) => string
  readonly log?: boolean
  /** Only whole numbers have a place on it. */
  readonly whole?: boolean
  /** Where something was measured: ticks stand there alone. */
  readonly measured?: readonly number[] | undefined
  /** Of a log scale, which has no 0: values that are 0 stand on the box's edge, below it. */
  readonly zero?: boolean
  /** No value has a place on it: it has no ticks. */
  readonly bare?: boolean
}

/** Between two ticks of an x axis, in pixels. */
const ROOM = 80

export function XAxis({ scale, box, label, text, whole = false, measured }: AxisProps) {
  const ticks =
    measured !== undefined
      ? measuredTicks(scale, measured, ROOM / 2)
      : ticksOf(scale, Math.max(2, Math.floor((box.right - box.left) / ROOM)), false).filter(
          value => !whole || Number.isInteger(value),
        )
  const texts = textsOf(ticks, text)
  return (
    <g class="axis">
      <line x1={box.left} x2={box.right} y1={box.bottom} y2={box.bottom} />
      {ticks.map((value, at) => (
        <g key={value} transform={`translate(${scale(value)} ${box.bottom})`}>
          <line y2="4" />
          <text y="16" text-anchor={scale(value) > box.right - 16 ? 'end' : 'middle'}>
            {texts[at]}
          </text>
        </g>
      ))}
      <text class="axis-label" x={box.right} y={box.bottom + 32} text-anchor="end">
        {label}
      </text>
    </g>
  )
}

function textsOf(ticks: readonly number[], text: AxisProps['text']): readonly string[] {
  return text === timeText ? timeTexts(ticks) : ticks.map(text)
}

/** Ticks that are all whole have no zeros after the point: 80 %, 4 s. */
function wholeTexts(texts: readonly string[]): readonly string[] {
  const areWhole = texts.every(text => /^−?\d+(\.0+)?(\s|$)/.test(text))
  return areWhole ? texts.map(text => text.replace(/\.0+/, '')) : texts
}

export function YAxis(axis: AxisProps) {
  const { scale, box, label, text, log = false, whole = false, zero = false, bare = false } = axis
  const known = bare ? [] : ticksOf(scale, Math.max(2, Math.floor((box.bottom - box.top) / 40)), log)
  const ticks = known.filter(value => !whole || Number.isInteger(value))
  const texts = wholeTexts(textsOf(ticks, text))
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

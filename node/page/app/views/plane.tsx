/** One exchange at one peer: the received vectors as points; for coordinate-wise rules, where each was trimmed. */
import { symbolCircle, symbolStar } from 'd3-shape'
import { useState } from 'preact/hooks'
import { isAlone } from '../../apply.ts'
import type { Plane, PlanePoint, RunDocument } from '../../run.ts'
import { XAxis, YAxis } from '../chart/axes.tsx'
import type { NumbersTable } from '../chart/download.ts'
import { Figure, type LegendEntry } from '../chart/figure.tsx'
import { numberText, percentText } from '../chart/format.ts'
import { type Label, labelsOf } from '../chart/labels.ts'
import { type Look, paint, peerLook, peerName, plain, shapePath } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import { squareScales } from './square.ts'

export interface PlaneProps {
  readonly run: RunDocument
  readonly plane: Plane
}

const resultLook: Look = { colour: '--ink', dash: '', shape: symbolStar }
const meanLook: Look = { colour: '--good', dash: '', shape: symbolCircle }

export function PlaneFigure({ run, plane }: PlaneProps) {
  const [near, setNear] = useState(false)
  const areKnown = plane.points.every(({ from }) => run.about.peers[from]?.honest !== null)
  const legend: LegendEntry[] = [
    {
      label: plane.sampled === null ? 'kept: filled' : areKnown ? 'honest' : 'received',
      look: { ...plain, colour: '--c0' },
      as: 'point',
    },
    ...(plane.points.some(({ from }) => isLiar(run, from))
      ? [{ label: 'lies', look: peerLook(run, liarIn(run)), as: 'point' as const }]
      : []),
    { label: 'result of the rule', look: resultLook, as: 'point' },
    ...(honestMean(run, plane.points) === null
      ? []
      : [{ label: 'honest mean', look: meanLook, as: 'ring' as const }]),
  ]
  return (
    <Figure
      title={titleOf(run, plane)}
      caption={`The plane of their two main directions shows ${percentText(plane.shown)} of their variance. ${fillingText(plane)}`}
      legend={legend}
      numbers={() => planeNumbers(run, plane)}
      controls={
        <label>
          <input type="checkbox" checked={near} onChange={event => setNear(event.currentTarget.checked)} />
          only what entered, closer
        </label>
      }
    >
      <Points run={run} plane={plane} near={near} />
    </Figure>
  )
}

function fillingText({ sampled }: Plane): string {
  return sampled === null
    ? 'Filled points entered the result, hollow ones were left out.'
    : 'The fuller a point, the more of its coordinates entered the result; the rest were trimmed.'
}

export const isLiar = (run: RunDocument, peer: number) => run.about.peers[peer]?.honest === false
const liarIn = ({ about }: RunDocument) => about.peers.findIndex(({ honest }) => honest === false)

function titleOf(run: RunDocument, { step, phase, iteration }: Plane): string {
  if (isAlone(run)) return `Received vectors: iteration ${iteration}`
  const what = phase === 'gradient' ? 'gradients' : phase
  return `Received vectors: step ${step}, ${what}${iteration === 0 ? '' : `, iteration ${iteration}`}`
}

/** Of the points of honest peers; null: there are none. */
function honestMean(run: RunDocument, points: readonly PlanePoint[]) {
  const honest = points.filter(({ from }) => !isLiar(run, from))
  if (honest.length === 0 || honest.some(({ from }) => run.about.peers[from]?.honest !== true)) return null
  const sum = (of: 'x' | 'y') => honest.reduce((total, point) => total + point[of], 0) / honest.length
  return { x: sum('x'), y: sum('y') }
}

function Points({ run, plane, near }: PlaneProps & { near: boolean }) {
  const { box: container, width } = useWidth()
  const height = Math.min(420, Math.max(280, width * 0.75))
  const box = { left: 58, right: width - 14, top: 26, bottom: height - 40 }
  const shown = near ? plane.points.filter(({ weight }) => weight > 0) : plane.points
  const mean = honestMean(run, plane.points)
  const { scaleX, scaleY } = squareScales([...shown, plane.result, ...(mean === null ? [] : [mean])], box)
  const fair = 1 / Math.max(1, plane.points.length)
  const labels = labelsOf(
    shown.map(({ from, x, y }) => ({
      from,
      x: scaleX(x),
      y: scaleY(y),
      width: 7 * peerName(run, from).length,
    })),
    [plane.result, ...(mean === null ? [] : [mean])].map(({ x, y }) => ({ x: scaleX(x), y: scaleY(y) })),
    box,
  )
  return (
    <div ref={container}>
      <svg class="drawing" width={width} height={height} role="img" aria-label="Received vectors as points">
        <YAxis scale={scaleY} box={box} label="second direction" text={numberText} />
        <XAxis scale={scaleX} box={box} label="first direction" text={numberText} />
        {shown.map(point => (
          <PointMark
            key={point.from}
            look={peerLook(run, point.from)}
            name={peerName(run, point.from)}
            share={Math.min(1, point.weight / fair)}
            x={scaleX(point.x)}
            y={scaleY(point.y)}
            label={labels.get(point.from) ?? null}
          />
        ))}
        {mean !== null && (
          <path
            d={shapePath(meanLook.shape, 330)}
            transform={`translate(${scaleX(mean.x)} ${scaleY(mean.y)})`}
            stroke-width="2.5"
            style={{ fill: 'none', stroke: paint(meanLook.colour) }}
          />
        )}
        <path
          d={shapePath(resultLook.shape, 90)}
          transform={`translate(${scaleX(plane.result.x)} ${scaleY(plane.result.y)})`}
          style={{ fill: paint(resultLook.colour), stroke: 'var(--paper)' }}
        />
      </svg>
    </div>
  )
}

interface MarkProps {
  readonly look: Look
  readonly name: string
  /** Of a fair share, at most 1. */
  readonly share: number
  readonly x: number
  readonly y: number
  /** Where its name stands; null: there is no room. */
  readonly label: Label | null
}

function PointMark({ look, name, share, x, y, label }: MarkProps) {
  const outline = shapePath(look.shape, 110)
  return (
    <g transform={`translate(${x} ${y})`}>
      <path d={outline} stroke-width="2" style={{ fill: 'var(--paper)', stroke: paint(look.colour) }} />
      <path d={outline} opacity={share} style={{ fill: paint(look.colour) }} />
      {label !== null && (
        <text x={label.dx} y={label.dy} text-anchor={label.dx < 0 ? 'end' : 'start'}>
          {name}
        </text>
      )}
    </g>
  )
}

function planeNumbers(run: RunDocument, { points, result }: Plane): NumbersTable {
  const rows = points.map(({ from, x, y, fate, weight, low, high }) => [
    ...[peerName(run, from), isLiar(run, from) ? 'lies' : 'honest or not known', fate],
    ...[weight, low, high, x, y],
  ])
  const mean = honestMean(run, points)
  return {
    head: [
      'peer',
      'role',
      'fate',
      'weight',
      'share low',
      'share high',
      'first direction',
      'second direction',
    ],
    rows: [
      ...rows,
      ['result', '', '', null, null, null, result.x, result.y],
      ...(mean === null ? [] : [['honest mean', '', '', null, null, null, mean.x, mean.y]]),
    ],
  }
}

/** Averaging agreement alone: the path of each honest vector in the plane, inside what is guaranteed of the mean. */
import { useState } from 'preact/hooks'
import { isAlone } from '../../apply.ts'
import type { Paths, RunDocument } from '../../run.ts'
import { XAxis, YAxis } from '../chart/axes.tsx'
import type { NumbersTable } from '../chart/download.ts'
import { Figure } from '../chart/figure.tsx'
import { numberText, percentText } from '../chart/format.ts'
import { labelsOf } from '../chart/labels.ts'
import { LineChart } from '../chart/line-chart.tsx'
import { boundary, lookOf, paint, peerLook, peerName, peerTitle, plain, shapePath } from '../chart/palette.ts'
import type { Box } from '../chart/scale.ts'
import { useWidth } from '../chart/size.ts'
import type { ViewProps } from './props.ts'
import { squareScales } from './square.ts'

export function Iterations({ run }: ViewProps) {
  const { paths } = run
  if (paths === null || paths.iterations.length === 0)
    return (
      <p class="empty">
        {isAlone(run)
          ? 'The paths of the vectors are told when the agreement has ended; of very long vectors they are not kept.'
          : 'Paths of single vectors are kept of an averaging agreement alone (concord agree). Of a run that learns, Schedule shows the iterations.'}
      </p>
    )
  const points = (of: 'diameter' | 'bound' | 'shift') =>
    paths.iterations.map(row => [row.iteration, row[of]] as const)
  const isBounded = paths.iterations.some(({ bound }) => bound !== null)
  return (
    <div class="grid">
      <PathFigure run={run} paths={paths} />
      <div class="stack">
        <LineChart
          title="Honest diameter by iteration"
          caption={`The largest distance between two honest vectors${isBounded ? ', beside what is guaranteed of it' : ''}.`}
          x={{ label: 'iteration', whole: true }}
          y={{ label: 'distance (log)', log: true, text: numberText }}
          series={[
            { label: 'diameter', look: { ...lookOf(0), dash: '' }, points: points('diameter') },
            { label: 'guaranteed', look: boundary, points: points('bound') },
          ]}
        />
        <LineChart
          title="How far the honest mean has moved"
          caption="From the mean of the honest inputs."
          x={{ label: 'iteration', whole: true }}
          y={{ label: 'distance', text: numberText }}
          series={[{ label: 'shift', look: plain, points: points('shift') }]}
        />
      </div>
    </div>
  )
}

function PathFigure({ run, paths }: { run: RunDocument; paths: Paths }) {
  const last = paths.iterations.length - 1
  const [until, setUntil] = useState<number | null>(null)
  const [near, setNear] = useState(isFar(paths))
  const upTo = Math.min(until ?? last, last)
  const all = new Set(paths.iterations.flatMap(({ points }) => points.map(({ peer }) => peer)))
  const peers = [...all].sort((a, b) => a - b)
  const ball = paths.ball === null ? [] : [{ label: 'guaranteed ball', look: boundary, as: 'ring' as const }]
  return (
    <Figure
      title="Paths of the honest vectors"
      caption={`A hollow point is an input. The plane of the two main directions of the honest inputs shows ${percentText(paths.shown)} of their variance.${paths.ball === null ? ' No ball is guaranteed here.' : ` The mean of the outputs is guaranteed to lie inside the ball, of radius ${numberText(paths.ball.radius)} around 0.`}`}
      legend={[
        ...peers.map(peer => ({
          label: peerTitle(run, peer),
          look: peerLook(run, peer),
          as: 'point' as const,
        })),
        ...ball,
      ]}
      numbers={() => pathNumbers(run, paths)}
      controls={
        <>
          <label>
            up to iteration
            <input
              type="range"
              min={0}
              max={last}
              value={upTo}
              onInput={event => setUntil(Number(event.currentTarget.value))}
            />
            <output>{paths.iterations[upTo]!.iteration}</output>
          </label>
          {paths.ball !== null && (
            <label>
              <input
                type="checkbox"
                checked={near}
                onChange={event => setNear(event.currentTarget.checked)}
              />
              closer, without all of the ball
            </label>
          )}
        </>
      }
    >
      <PathDrawing run={run} paths={paths} peers={peers} upTo={upTo} near={near} />
    </Figure>
  )
}

/** Beside a ball as large as this, the paths would be one dot. */
const FAR = 4

function isFar({ ball, iterations }: Paths): boolean {
  if (ball === null) return false
  let widest = 0
  for (const { points } of iterations)
    for (const { x, y } of points) widest = Math.max(widest, Math.hypot(x - ball.x, y - ball.y))
  return ball.radius > FAR * widest
}

interface DrawingProps {
  readonly run: RunDocument
  readonly paths: Paths
  readonly peers: readonly number[]
  readonly upTo: number
  /** The paths fill the drawing, and the ball may not fit. */
  readonly near: boolean
}

function PathDrawing({ run, paths, peers, upTo, near }: DrawingProps) {
  const { box: container, width } = useWidth()
  const height = Math.min(460, Math.max(280, width * 0.8))
  const box = { left: 58, right: width - 14, top: 26, bottom: height - 40 }
  const all = paths.iterations.flatMap(({ points }) => points)
  const { ball } = paths
  const corners =
    ball === null || near
      ? []
      : [
          { x: ball.x - ball.radius, y: ball.y - ball.radius },
          { x: ball.x + ball.radius, y: ball.y + ball.radius },
        ]
  const { scaleX, scaleY, perUnit } = squareScales([...all, ...corners], box)
  return (
    <div ref={container}>
      <svg class="drawing" width={width} height={height} role="img" aria-label="Paths of the honest vectors">
        <YAxis scale={scaleY} box={box} label="second direction" text={numberText} />
        <XAxis scale={scaleX} box={box} label="first direction" text={numberText} />
        {ball !== null && (
          <circle
            cx={scaleX(ball.x)}
            cy={scaleY(ball.y)}
            r={ball.radius * perUnit}
            stroke-width="1.5"
            stroke-dasharray={boundary.dash}
            style={{ stroke: paint(boundary.colour), fill: 'none' }}
          />
        )}
        {peers.map(peer => {
          const path = paths.iterations
            .slice(0, upTo + 1)
            .flatMap(({ points }) => points.filter(point => point.peer === peer))
          const look = peerLook(run, peer)
          return (
            <g key={peer}>
              <path
                d={path.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${scaleX(x)} ${scaleY(y)}`).join('')}
                stroke-width="1.5"
                style={{ stroke: paint(look.colour), fill: 'none' }}
              />
              {path.map(({ x, y }, at) => (
                <path
                  key={at}
                  d={shapePath(look.shape, at === 0 || at === path.length - 1 ? 50 : 18)}
                  transform={`translate(${scaleX(x)} ${scaleY(y)})`}
                  style={{
                    fill: at === 0 ? 'var(--paper)' : paint(look.colour),
                    stroke: paint(look.colour),
                  }}
                />
              ))}
            </g>
          )
        })}
        <StartNames
          run={run}
          starts={paths.iterations[0]!.points.map(({ peer, x, y }) => ({
            from: peer,
            x: scaleX(x),
            y: scaleY(y),
          }))}
          box={box}
        />
      </svg>
    </div>
  )
}

interface StartNamesProps {
  readonly run: RunDocument
  readonly starts: readonly { readonly from: number; readonly x: number; readonly y: number }[]
  readonly box: Box
}

/** The names of the peers beside their inputs, where there is room. */
function StartNames({ run, starts, box }: StartNamesProps) {
  const points = starts.map(start => ({ ...start, width: 7 * peerName(run, start.from).length }))
  const labels = labelsOf(points, [], box)
  return (
    <>
      {points.map(({ from, x, y }) => {
        const label = labels.get(from)
        if (label === undefined) return null
        return (
          <text key={from} x={x + label.dx} y={y + label.dy} text-anchor={label.dx < 0 ? 'end' : 'start'}>
            {peerName(run, from)}
          </text>
        )
      })}
    </>
  )
}

function pathNumbers(run: RunDocument, { iterations }: Paths): NumbersTable {
  return {
    head: ['iteration', 'peer', 'first direction', 'second direction'],
    rows: iterations.flatMap(({ iteration, points }) =>
      points.map(({ peer, x, y }) => [iteration, peerName(run, peer), x, y]),
    ),
  }
}

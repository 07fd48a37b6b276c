/** The matrix of peers and steps: how much of each peer's vector entered. A liar is a dark row. */
import { useState } from 'preact/hooks'
import type { RunDocument } from '../../run.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure } from '../chart/figure.tsx'
import { numberText, percentText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import { chosenObserver, chosenStep } from '../state.ts'
import { momentName } from './moment.ts'
import { unknownRuleText } from './unknown-rule.ts'
import { type Column, weightColumns } from './weight-columns.ts'

/** At least so many pixels wide. */
const CELL_MIN = 4
const ROW = 24
const CELL_MAX = 40

export function WeightMatrix({ run }: { run: RunDocument }) {
  const [own, setOwn] = useState(false)
  const { box, width } = useWidth()
  const observer = run.about.self ?? (own ? chosenObserver.value : null)
  const left = 96
  const columns = weightColumns(run, observer, Math.floor((width - left - 8) / CELL_MIN))
  const each = columns.some(({ firstStep, lastStep }) => firstStep !== lastStep)
  const fair = 1 / run.about.peers.length
  return (
    <div class="wide">
      <Figure
        title="How much of each peer's vector entered"
        caption={captionOf(run, observer, fair, each)}
        numbers={() => weightNumbers(run, observer)}
        controls={
          chosenObserver.value === null || run.about.self !== null ? undefined : (
            <label>
              <input type="checkbox" checked={own} onChange={event => setOwn(event.currentTarget.checked)} />
              only at {peerName(run, chosenObserver.value)}
            </label>
          )
        }
      >
        <div ref={box}>
          {columns.length === 0 ? (
            <p class="empty">{whyEmpty(run)}</p>
          ) : (
            <Matrix run={run} columns={columns} width={width} left={left} fair={fair} />
          )}
        </div>
        {columns.length > 0 && <Ramp fair={fair} />}
      </Figure>
    </div>
  )
}

/** Exchanges may have ended without it being known what the rule made of the vectors. */
function whyEmpty(run: RunDocument): string {
  return unknownRuleText(run) ?? 'No exchange has ended so far.'
}

function captionOf(run: RunDocument, observer: number | null, fair: number, each: boolean): string {
  const name = momentName(run)
  const when = name === 'step' ? 'In the first exchange of gradients of each step' : 'In each iteration'
  const whose =
    observer === null
      ? 'the mean over the honest peers, 0 where one did not receive it'
      : `at ${peerName(run, observer)}`
  const shades = `Bright is a fair share (${percentText(fair)}) or more, black is nothing: a liar is a dark row, and an unlucky honest peer is seen too`
  const joined = each ? ` A column is the mean of neighbouring ${name}s.` : ''
  const slanted = observer === null ? 'nobody received it' : 'it was not received in time'
  return `${when}, ${whose}. ${shades}. A slanted line: ${slanted}.${joined}`
}

interface MatrixProps {
  readonly run: RunDocument
  readonly columns: readonly Column[]
  readonly width: number
  readonly left: number
  readonly fair: number
}

function Matrix({ run, columns, width, left, fair }: MatrixProps) {
  const [at, setAt] = useState<readonly [number, number] | null>(null)
  const cell = Math.min(CELL_MAX, (width - left - 8) / columns.length)
  const height = run.peers.length * ROW + 38
  const move = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const { left: x0, top: y0 } = event.currentTarget.getBoundingClientRect()
    const column = Math.floor((event.clientX - x0 - left) / cell)
    const peer = Math.floor((event.clientY - y0) / ROW)
    setAt(columns[column] === undefined || run.peers[peer] === undefined ? null : [column, peer])
  }
  const every = Math.ceil(columns.length / Math.max(2, Math.floor((width - left) / 70)))
  return (
    <>
      <svg
        class="drawing matrix"
        width={width}
        height={height}
        role="img"
        aria-label="Matrix of peers and steps. The numbers are in the table below."
        onPointerMove={move}
        onPointerLeave={() => setAt(null)}
        onClick={() => {
          if (at !== null) chosenStep.value = columns[at[0]]!.firstStep
        }}
      >
        {run.peers.map((_, peer) => (
          <Row key={peer} run={run} peer={peer} columns={columns} cell={cell} left={left} fair={fair} />
        ))}
        <g class="axis" transform={`translate(${left} ${run.peers.length * ROW})`}>
          {columns.map((column, index) =>
            index % every === 0 ? (
              <text key={index} x={index * cell + cell / 2} y="14" text-anchor="middle">
                {column.firstStep}
              </text>
            ) : null,
          )}
          <text class="axis-label" x={Math.max(30, columns.length * cell)} y="32" text-anchor="end">
            {momentName(run)}
          </text>
        </g>
      </svg>
      <p class="readout" aria-live="polite">
        {at === null ? '' : cellText(run, columns[at[0]]!, at[1])}
      </p>
    </>
  )
}

function cellText(run: RunDocument, { firstStep, lastStep, shares }: Column, peer: number): string {
  const name = momentName(run)
  const steps = firstStep === lastStep ? `${name} ${firstStep}` : `${name}s ${firstStep} to ${lastStep}`
  const share = shares[peer]
  return `${peerName(run, peer)}, ${steps}: ${share === null ? 'not received' : `${percentText(share)} of the result`}`
}

interface RowProps extends Omit<MatrixProps, 'width'> {
  readonly peer: number
  readonly cell: number
}

function Row({ run, peer, columns, cell, left, fair }: RowProps) {
  const isLiar = run.about.peers[peer]?.honest === false
  const y = peer * ROW
  return (
    <g>
      <text x={left - 8} y={y + 16} text-anchor="end" class={isLiar ? 'lies' : undefined}>
        {isLiar ? '✕ ' : ''}
        {peerName(run, peer).slice(0, 12)}
      </text>
      {columns.map(({ shares }, at) => {
        const share = shares[peer] ?? null
        const x = left + at * cell
        if (share === null)
          return (
            <path
              key={at}
              d={`M${x + 1} ${y + 2}l${cell - 2} ${ROW - 4}`}
              style={{ stroke: 'var(--ghost)' }}
            />
          )
        return (
          <rect
            key={at}
            x={x}
            y={y + 1}
            width={cell + 0.3}
            height={ROW - 2}
            data-peer={peer}
            data-share={numberText(share)}
            style={{ fill: shade(Math.min(1, share / fair)) }}
          />
        )
      })}
      <rect
        x={left}
        y={y + 1}
        width={cell * columns.length}
        height={ROW - 2}
        style={{ fill: 'none', stroke: 'var(--line)' }}
      />
    </g>
  )
}

/** Below 1: a quarter of a fair share is plainly not black, on dark paper too. */
const DARK_SPREAD = 0.65

/** From black to bright, by a share of a fair share. Eyes tell dark shades apart badly, so these are further from black. */
function shade(share: number): string {
  return `color-mix(in oklab, var(--w1) ${Math.round(100 * share ** DARK_SPREAD)}%, var(--w0))`
}

function Ramp({ fair }: { fair: number }) {
  const parts = [0, 0.25, 0.5, 0.75, 1]
  return (
    <ul class="legend" aria-label="Shades">
      {parts.map(part => (
        <li key={part}>
          <svg width="22" height="14" aria-hidden="true">
            <rect width="22" height="14" style={{ fill: shade(part), stroke: 'var(--line)' }} />
          </svg>
          {percentText(part * fair)}
          {part === 1 && ' or more'}
        </li>
      ))}
    </ul>
  )
}

function weightNumbers(run: RunDocument, observer: number | null): NumbersTable {
  return {
    head: [momentName(run), ...run.peers.map((_, peer) => peerName(run, peer))],
    rows: weightColumns(run, observer, Infinity).map(({ firstStep, shares }) => [firstStep, ...shares]),
  }
}

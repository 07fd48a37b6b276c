/**
 * The frame of every figure: a title that says what it shows, a legend, downloads, and its numbers as a table, which
 * is what a screen reader reads instead of the drawing.
 */
import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { type Cell, csvOf, type NumbersTable, offer, svgText } from './download.ts'
import { numberText } from './format.ts'
import { type Look, paint, shapePath } from './palette.ts'
import { Scroll } from './scroll.tsx'

export interface LegendEntry {
  readonly label: string
  readonly look: Look
  /** A line, a point, a ring around points, or a filled box. */
  readonly as: 'line' | 'point' | 'ring' | 'box'
}

interface FigureProps {
  readonly title: string
  /** A sentence or two on how to read it. */
  readonly caption?: ComponentChildren
  readonly legend?: readonly LegendEntry[]
  /** Made only when it is asked for. */
  readonly numbers: () => NumbersTable
  /** Draws what is seen as an SVG, where it is not one on the page. */
  readonly toSvg?: () => string
  /** Nothing has been drawn yet: there is no picture to save. */
  readonly isBare?: boolean
  readonly controls?: ComponentChildren
  readonly children: ComponentChildren
}

export function Figure(props: FigureProps) {
  const { title, caption, legend = [], numbers, isBare = false, controls, children } = props
  const body = useRef<HTMLDivElement>(null)
  const saveSvg = () => {
    const drawing = body.current?.querySelector<SVGSVGElement>('svg.drawing')
    const text = props.toSvg?.() ?? (drawing ? svgText(drawing, title) : null)
    if (text !== null) offer(title, 'svg', text)
  }
  return (
    <figure class="figure">
      <figcaption>
        <h3>{title}</h3>
        {caption !== undefined && <p class="caption">{caption}</p>}
      </figcaption>
      {controls !== undefined && <div class="controls">{controls}</div>}
      <div class="figure-body" ref={body}>
        {children}
      </div>
      {legend.length > 0 && <Legend entries={legend} />}
      <div class="figure-foot">
        {!isBare && (
          <button type="button" class="quiet" onClick={saveSvg} aria-label={`Download as SVG: ${title}`}>
            SVG
          </button>
        )}
        <button
          type="button"
          class="quiet"
          onClick={() => offer(title, 'csv', csvOf(numbers()))}
          aria-label={`Download the numbers as CSV: ${title}`}
        >
          CSV
        </button>
        <Numbers title={title} numbers={numbers} />
      </div>
    </figure>
  )
}

function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  return (
    <ul class="legend">
      {entries.map(({ label, look, as }) => (
        <li key={label}>
          <svg width="26" height="14" aria-hidden="true">
            <Swatch look={look} as={as} />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  )
}

function Swatch({ look, as }: Pick<LegendEntry, 'look' | 'as'>) {
  const colour = paint(look.colour)
  if (as === 'box') return <rect x="3" y="1" width="20" height="12" style={{ fill: colour }} />
  if (as === 'ring')
    return (
      <circle
        cx="13"
        cy="7"
        r="5.5"
        stroke-width="2"
        stroke-dasharray={look.dash === '' ? undefined : '3 2'}
        style={{ fill: 'none', stroke: colour }}
      />
    )
  return (
    <g>
      {as === 'line' && (
        <line
          x1="0"
          x2="26"
          y1="7"
          y2="7"
          stroke-width="2"
          stroke-dasharray={look.dash}
          style={{ stroke: colour }}
        />
      )}
      <path d={shapePath(look.shape, 34)} transform="translate(13 7)" style={{ fill: colour }} />
    </g>
  )
}

/** Rows of a table on the page; a download has all of them. */
const ROWS_SHOWN = 400

function Numbers({ title, numbers }: { title: string; numbers: () => NumbersTable }) {
  const [open, setOpen] = useState(false)
  return (
    <details class="numbers" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        Numbers<span class="hidden">: {title}</span>
      </summary>
      {open && <DataTable label={title} table={numbers()} />}
    </details>
  )
}

export function TableHead({ names }: { names: readonly string[] }) {
  return (
    <thead>
      <tr>
        {names.map(name => (
          <th scope="col" key={name}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  )
}

export function DataTable({ label, table }: { label: string; table: NumbersTable }) {
  const { head, rows } = table
  return (
    <Scroll label={`Table: ${label}`}>
      <table>
        <TableHead names={head} />
        <tbody>
          {rows.slice(0, ROWS_SHOWN).map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={typeof cell === 'number' ? 'number' : undefined}>
                  {cellText(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_SHOWN && (
        <p>
          The first {ROWS_SHOWN} of {rows.length} rows; the CSV has all.
        </p>
      )}
    </Scroll>
  )
}

function cellText(cell: Cell): string {
  return typeof cell === 'string' ? cell : numberText(cell)
}

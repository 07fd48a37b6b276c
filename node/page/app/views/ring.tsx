/** The peers in a ring, with the links between them. */
import { isAlone } from '../../apply.ts'
import type { LinkState, PeerPlace, RunDocument } from '../../run.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure, type LegendEntry } from '../chart/figure.tsx'
import { ghostly, lookOf, paint, peerLook, peerName, plain, shapePath } from '../chart/palette.ts'
import { useWidth } from '../chart/size.ts'
import type { ViewProps } from './props.ts'
import { isHearsay, knownStep } from './standing.ts'

/** So many links are lines that can be told apart; of more a drawing would be one blot. */
const LINKS_DRAWN = 2000

/** What stands inside the peers of the drawing, and how to read the lines between them. */
function ringCaption(run: RunDocument): string {
  const count = run.about.peers.length
  const inside = isAlone(run)
    ? 'Inside a peer stands its iteration, or ✓ once it is done.'
    : 'Inside a peer stands its step.'
  if (!areLinksKnown(run)) return `Nothing is known of the links. ${inside}`
  if (pairs(count).length > LINKS_DRAWN)
    return `The links of ${count} peers are too many for lines; they stand in the table of numbers. ${inside}`
  return `A link is as wide as its share of the bytes. ${inside}`
}

const linkLegend: readonly LegendEntry[] = [
  {
    label: 'connected, wider with more bytes',
    look: { ...plain, dash: '', colour: '--accent' },
    as: 'line',
  },
  { label: 'not connected', look: { ...ghostly, dash: '2 4' }, as: 'line' },
]

const areLinksKnown = ({ links }: RunDocument) => links.some(row => row.some(link => link !== null))

export function RingFigure({ run }: ViewProps) {
  const legend: LegendEntry[] = [
    ...(run.about.peers.some(({ honest }) => honest === false)
      ? [{ label: 'lies', look: peerLook(run, liars(run)[0]!), as: 'point' as const }]
      : []),
  ]
  if (areLinksKnown(run)) legend.push(...linkLegend)
  return (
    <Figure
      title="Peers and their links"
      caption={ringCaption(run)}
      legend={legend}
      numbers={() => linkNumbers(run)}
    >
      <Ring run={run} />
    </Figure>
  )
}

const liars = ({ about }: RunDocument) =>
  about.peers.flatMap(({ honest }, at) => (honest === false ? [at] : []))

function Ring({ run }: { run: RunDocument }) {
  const { box, width } = useWidth()
  const size = Math.min(width, 460)
  const count = run.about.peers.length
  const longest = Math.max(...run.about.peers.map(({ name }) => short(name).length))
  // Names stand outside the ring, those at its sides in full width.
  const radius = Math.max(40, Math.min(size / 2 - 56, width / 2 - 38 - CHARACTER * longest))
  const node = Math.max(4, Math.min(22, (radius * 1.9) / count))
  const outward = (peer: number): readonly [number, number] => {
    const angle = (2 * Math.PI * peer) / count - Math.PI / 2
    return [Math.cos(angle), Math.sin(angle)]
  }
  const at = (peer: number): readonly [number, number] => {
    const [x, y] = outward(peer)
    return [width / 2 + radius * x, size / 2 + radius * y]
  }
  const links = linesOf(run)
  const most = links.reduce((largest, { bytes }) => Math.max(largest, bytes), 1)
  return (
    <div ref={box}>
      <svg
        class="drawing"
        width={width}
        height={size}
        role="img"
        aria-label="Peers in a ring with their links. The numbers are in the tables."
      >
        {links.map(({ a, b, ...link }) => {
          const [[x1, y1], [x2, y2]] = [at(a), at(b)]
          return (
            <line
              key={`${a}-${b}`}
              x1={x1}
              y1={y1}
              x2={x2}
              y2={y2}
              stroke-width={link.connected ? 0.5 + (3 * link.bytes) / most : 1}
              stroke-dasharray={link.connected ? '' : '2 4'}
              opacity={link.connected ? 0.5 : 0.9}
              style={{ stroke: paint(link.connected ? '--accent' : ghostly.colour) }}
            />
          )
        })}
        {run.peers.map((place, peer) => (
          <Node
            key={peer}
            run={run}
            peer={peer}
            place={place}
            at={at(peer)}
            size={node}
            outward={outward(peer)}
          />
        ))}
      </svg>
    </div>
  )
}

interface NodeProps {
  readonly run: RunDocument
  readonly peer: number
  readonly place: PeerPlace
  readonly at: readonly [number, number]
  readonly size: number
  /** Away from the middle, where no link is. */
  readonly outward: readonly [number, number]
}

function Node({ run, peer, place, at: [x, y], size, outward: [dx, dy] }: NodeProps) {
  const look = peerLook(run, peer)
  const isDown = place.status === 'down' || place.status === 'failed'
  const isStarting = place.status === 'starting' && !isHearsay(run, peer)
  return (
    <g transform={`translate(${x} ${y})`} opacity={isDown ? 0.55 : 1}>
      <path
        d={shapePath(run.about.peers[peer]!.honest === false ? look.shape : lookOf(0).shape, size * size * 3)}
        stroke-width={run.about.self === peer ? 4 : 2}
        stroke-dasharray={isDown ? '3 3' : ''}
        style={{ fill: 'var(--paper)', stroke: paint(look.colour) }}
      />
      <text text-anchor="middle" dy="0.35em" font-size={size < 14 ? 9 : 12}>
        {isDown ? '×' : isStarting ? (run.state === 'running' ? '…' : '–') : insideText(run, peer)}
      </text>
      <text
        text-anchor={Math.abs(dx) < 0.3 ? 'middle' : dx < 0 ? 'end' : 'start'}
        x={dx * (size + 12)}
        y={dy * (size + 14)}
        dy="0.35em"
      >
        {short(peerName(run, peer))}
      </text>
    </g>
  )
}

function insideText(run: RunDocument, peer: number): number | string {
  const { status, iteration } = run.peers[peer]!
  if (isAlone(run)) return status === 'finished' ? '✓' : (iteration ?? '–')
  return knownStep(run, peer) ?? '?'
}

/** Pixels of a character of a name. */
const CHARACTER = 6.6

/** Names of more characters are cut in the drawing; the tables have them in full. */
const NAME_MAX = 14

function short(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name
}

function pairs(count: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, a) =>
    Array.from({ length: count - a - 1 }, (_, b) => [a, a + b + 1] as const),
  ).flat()
}

interface DrawnLink extends Pick<LinkState, 'connected' | 'bytes'> {
  readonly a: number
  readonly b: number
}

/** The links as lines; none where there are too many. */
function linesOf({ links }: RunDocument): readonly DrawnLink[] {
  const all = pairs(links.length)
  if (all.length > LINKS_DRAWN) return []
  return all.flatMap(([a, b]): DrawnLink[] => {
    const link = joined(links[a]![b] ?? null, links[b]![a] ?? null)
    return link === null ? [] : [{ a, b, connected: link.connected, bytes: link.bytes }]
  })
}

/** Both directions of a link as one. */
function joined(a: LinkState | null, b: LinkState | null): Pick<LinkState, 'connected' | 'bytes'> | null {
  if (a === null && b === null) return null
  const connected = (a?.connected ?? true) && (b?.connected ?? true)
  return { connected, bytes: (a?.bytes ?? 0) + (b?.bytes ?? 0) }
}

function linkNumbers(run: RunDocument): NumbersTable {
  const rows = run.links.flatMap((row, from) =>
    row.flatMap((link, to) =>
      link === null
        ? []
        : [
            [
              ...[peerName(run, from), peerName(run, to), link.connected ? 'yes' : 'no', link.reason ?? ''],
              ...[link.lag, link.bytes, link.bytesPerSecond],
            ],
          ],
    ),
  )
  const head = ['from', 'to', 'connected', 'why not', 'steps behind', 'bytes', 'bytes per second']
  return { head, rows }
}

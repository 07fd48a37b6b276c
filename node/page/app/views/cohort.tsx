/** The peers in a ring with their links, and where each stands: whom it waits for, who was cut off, on what proof. */

import { isAlone } from '../../apply.ts'
import type { LinkState, PeerPlace, RunDocument } from '../../run.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure, type LegendEntry, TableHead } from '../chart/figure.tsx'
import { bytesText, countText, listText, numberText, percentText, timeText } from '../chart/format.ts'
import { ghostly, lookOf, paint, peerLook, peerName, plain, shapePath } from '../chart/palette.ts'
import { Scroll } from '../chart/scroll.tsx'
import { useWidth } from '../chart/size.ts'
import type { ViewProps } from './props.ts'

const statusWords: Readonly<Record<PeerPlace['status'], string>> = {
  starting: 'starting',
  running: 'running',
  finished: 'finished',
  diverged: 'diverged',
  down: 'down',
  failed: 'failed',
}

const phaseWords: Readonly<Record<NonNullable<PeerPlace['phase']>, string>> = {
  gradient: 'agrees on gradients',
  parameters: 'agrees on parameters',
  metrics: 'agrees on figures',
  state: 'agrees on the state to go on from',
  computing: 'computes its gradient',
  'catching-up': 'catches up',
  finished: 'finished',
  diverged: 'diverged',
}

/** A peer's own page knows of the others what its links tell: how many steps they are behind. */
function isHearsay({ about }: RunDocument, peer: number): boolean {
  return about.self !== null && about.self !== peer
}

/** The step of a peer as far as it is known; null: not at all. */
function knownStep(run: RunDocument, peer: number): number | null {
  const { self, steps } = run.about
  const step = run.peers[peer]!.step
  const most = steps ?? Number.POSITIVE_INFINITY
  if (self === null || self === peer) return Math.min(step, most)
  const lag = run.links[self]?.[peer]?.lag ?? null
  return lag === null ? null : Math.max(0, Math.min(run.peers[self]!.step, most) - lag)
}

/** Of a peer that has not said it is done: once the run is over, it is in nothing any more. */
function statusText(run: RunDocument, peer: number): string {
  const { state } = run
  const { status, why } = run.peers[peer]!
  if (isHearsay(run, peer)) {
    const link = run.links[run.about.self!]?.[peer] ?? null
    return link === null ? 'not known' : link.connected ? 'connected' : 'not connected'
  }
  const isUnder = status === 'running' || status === 'starting'
  if (state !== 'running' && isUnder && isCutOff(run, peer)) return 'cut off'
  const word = state !== 'running' && isUnder ? 'ended with the run' : statusWords[status]
  return why === null ? word : `${word}: ${why}`
}

/** The step counts from 1 for people, as in the terminal. */
function placeText(run: RunDocument, peer: number): string {
  const { phase, step, iteration, status } = run.peers[peer]!
  if (isHearsay(run, peer)) {
    const known = knownStep(run, peer)
    return known === null ? 'not known' : `step ${known}`
  }
  if (status === 'finished' || phase === 'finished') return 'done'
  if (isAlone(run)) return iteration === null ? '–' : `iteration ${iteration}`
  if (step === 0) return '–'
  if (run.state !== 'running') return `step ${step}`
  const words = phase === null ? '' : `: ${phaseWords[phase]}`
  return `step ${step}${words}${iteration === null ? '' : `, iteration ${iteration}`}`
}

/** So many links are lines that can be told apart; of more a drawing would be one blot. */
const LINKS_DRAWN = 2000

/** What stands inside the peers of the drawing, and how to read the lines between them. */
function ringCaption(run: RunDocument): string {
  const count = run.about.peers.length
  const inside = isAlone(run)
    ? 'Inside a peer stands its iteration, or ✓ once it is done.'
    : 'Inside a peer stands its step.'
  if (!run.links.some(row => row.some(link => link !== null)))
    return `Of the links nothing is known. ${inside}`
  if (pairs(count).length > LINKS_DRAWN)
    return `The links of ${count} peers are too many for lines; they stand in the table of numbers. ${inside}`
  return `A link is as wide as its share of the bytes. ${inside}`
}

export function Cohort({ run }: ViewProps) {
  const legend: LegendEntry[] = [
    ...(run.about.peers.some(({ honest }) => honest === false)
      ? [{ label: 'lies', look: peerLook(run, liars(run)[0]!), as: 'point' as const }]
      : []),
    {
      label: 'connected, wider with more bytes',
      look: { ...plain, dash: '', colour: '--accent' },
      as: 'line',
    },
    { label: 'not connected', look: { ...ghostly, dash: '2 4' }, as: 'line' },
  ]
  return (
    <div class="grid">
      <Figure
        title="Peers and their links"
        caption={ringCaption(run)}
        legend={legend}
        numbers={() => linkNumbers(run)}
      >
        <Ring run={run} />
      </Figure>
      <section class="figure" aria-label="Who is who">
        <h3>Who is who</h3>
        <Members run={run} />
      </section>
      <section class="figure wide" aria-label="Where each peer stands">
        <h3>Where each peer stands</h3>
        <Places run={run} />
      </section>
    </div>
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
        {isDown ? '×' : isStarting ? '…' : insideText(run, peer)}
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

function Members({ run }: { run: RunDocument }) {
  const { about } = run
  return (
    <Scroll label="Table: who is who">
      <table>
        <TableHead names={['peer', 'role', 'cut off']} />
        <tbody>
          {about.peers.map((peer, at) => (
            <tr key={at}>
              <th scope="row">
                {peer.name}
                {about.self === at && ' (this peer)'}
              </th>
              <td>{roleText(peer.honest, peer.attack)}</td>
              <td>{cutOffText(run, at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function roleText(honest: boolean | null, attack: string | null) {
  if (honest === false) return <span class="lies">lies{attack === null ? '' : `: ${attack}`}</span>
  return honest === null ? 'not known' : 'honest'
}

/** Who has cut a peer off, and the proofs. What a liar holds against anybody, itself included, is nobody's judgement. */
function judgesOf(run: RunDocument, peer: number) {
  const isJudge = (by: number) => by !== peer && run.about.peers[by]?.honest !== false
  const proofs = run.evidence.filter(row => row.peer === peer && isJudge(row.observer))
  const convictions = run.marks.filter(
    mark => mark.kind === 'convicted' && mark.peers.includes(peer) && isJudge(mark.peer),
  )
  return { proofs, by: new Set([...proofs.map(row => row.observer), ...convictions.map(mark => mark.peer)]) }
}

const isCutOff = (run: RunDocument, peer: number) => judgesOf(run, peer).by.size > 0

function cutOffText(run: RunDocument, peer: number): string {
  const { proofs, by } = judgesOf(run, peer)
  if (by.size === 0) return '–'
  const names = [...by]
    .filter(one => one >= 0)
    .sort((a, b) => a - b)
    .map(one => peerName(run, one))
  const proof =
    proofs.length === 0 ? '' : `, on ${countText(proofs.length, 'proof')} of two signed vectors for one slot`
  return `by ${listText(names)}${proof}`
}

interface PlaceColumn {
  readonly name: string
  readonly text: (place: PeerPlace, peer: number) => string
  readonly isNumber?: boolean
}

/** Of what no peer has anything there is no column. */
function columnsOf(run: RunDocument): readonly PlaceColumn[] {
  const all: readonly PlaceColumn[] = [
    { name: 'status', text: (_, peer) => statusText(run, peer) },
    { name: 'at', text: (_, peer) => placeText(run, peer) },
    { name: 'waits for', text: place => waitingText(run, place) },
    { name: 'caught up', text: ({ caughtUp }) => (caughtUp === 0 ? NONE : countText(caughtUp, 'time')) },
    {
      name: 'sent',
      text: ({ bytesSent }, peer) => (isHearsay(run, peer) ? NONE : knownBytes(bytesSent)),
      isNumber: true,
    },
    { name: 'received', text: ({ bytesReceived }) => knownBytes(bytesReceived), isNumber: true },
    { name: 'batch loss', text: ({ loss }) => numberText(loss), isNumber: true },
    { name: 'accuracy', text: ({ accuracy }) => percentText(accuracy), isNumber: true },
  ]
  return all.filter(({ text }) => run.peers.some((place, peer) => text(place, peer) !== NONE))
}

const NONE = '–'

function Places({ run }: { run: RunDocument }) {
  const columns = columnsOf(run)
  return (
    <Scroll label="Table: where each peer stands">
      <table>
        <TableHead names={['peer', ...columns.map(({ name }) => name)]} />
        <tbody>
          {run.peers.map((place, peer) => (
            <tr key={peer}>
              <th scope="row">{peerName(run, peer)}</th>
              {columns.map(({ name, text, isNumber }) => (
                <td key={name} class={isNumber ? 'number' : 'nowrap'}>
                  {text(place, peer)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

/** A liar may tell of no traffic. */
function knownBytes(bytes: number | null): string {
  return bytes === null || bytes === 0 ? '–' : bytesText(bytes)
}

function waitingText(run: RunDocument, { waiting }: PeerPlace): string {
  if (run.state !== 'running' || waiting === null || waiting.missing.length === 0) return '–'
  const since = Math.min(...waiting.missing.map(one => one.sinceMs))
  const names = waiting.missing.map(one => peerName(run, one.peer))
  const who = waiting.needed < names.length ? `${waiting.needed} of ${listText(names)}` : listText(names)
  return `${who}, for ${timeText(Math.max(0, run.ms - since))}`
}

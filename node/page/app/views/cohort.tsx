/** The peers in a ring with their links, and where each stands: whom it waits for, who was cut off, on what proof. */

import type { LinkState, PeerPlace, RunDocument } from '../../run.ts'
import type { NumbersTable } from '../chart/download.ts'
import { Figure, type LegendEntry, TableHead } from '../chart/figure.tsx'
import { bytesText, countText, listText, numberText, percentText, timeText } from '../chart/format.ts'
import { ghostly, lookOf, paint, peerLook, peerName, plain, shapePath } from '../chart/palette.ts'
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
  if (run.state !== 'running') return step === 0 ? '–' : `step ${step}`
  const words = phase === null ? '' : `: ${phaseWords[phase]}`
  return `step ${step}${words}${iteration === null ? '' : `, iteration ${iteration}`}`
}

export function Cohort({ run }: ViewProps) {
  const hasLinks = run.links.some(row => row.some(link => link !== null))
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
        caption={
          hasLinks
            ? 'A link is as wide as its share of the bytes. Inside a peer stands its step.'
            : 'Of the links nothing is known. Inside a peer stands its step.'
        }
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
  const radius = size / 2 - 66
  const node = Math.max(9, Math.min(22, (radius * 2.2) / count))
  const outward = (peer: number): readonly [number, number] => {
    const angle = (2 * Math.PI * peer) / count - Math.PI / 2
    return [Math.cos(angle), Math.sin(angle)]
  }
  const at = (peer: number): readonly [number, number] => {
    const [x, y] = outward(peer)
    return [width / 2 + radius * x, size / 2 + radius * y]
  }
  const most = Math.max(1, ...run.links.flatMap(row => row.map(link => link?.bytes ?? 0)))
  return (
    <div ref={box}>
      <svg
        class="drawing"
        width={width}
        height={size}
        role="img"
        aria-label="Peers in a ring with their links. The numbers are in the tables."
      >
        {pairs(count).map(([a, b]) => {
          const link = joined(run.links[a]![b] ?? null, run.links[b]![a] ?? null)
          if (link === null) return null
          const [[x1, y1], [x2, y2]] = [at(a), at(b)]
          return (
            <line
              key={`${a}-${b}`}
              x1={x1}
              y1={y1}
              x2={x2}
              y2={y2}
              stroke-width={link.connected ? 0.75 + (2.5 * link.bytes) / most : 1}
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
        {isDown ? '×' : isStarting ? '…' : (knownStep(run, peer) ?? '?')}
      </text>
      <text
        text-anchor={Math.abs(dx) < 0.3 ? 'middle' : dx < 0 ? 'end' : 'start'}
        x={dx * (size + 8)}
        y={dy * (size + 14)}
        dy="0.35em"
      >
        {short(peerName(run, peer))}
      </text>
    </g>
  )
}

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
    <div class="scroll" tabIndex={0} role="group" aria-label="Table: who is who">
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
    </div>
  )
}

function roleText(honest: boolean | null, attack: string | null) {
  if (honest === false) return <span class="lies">lies{attack === null ? '' : `: ${attack}`}</span>
  return honest === null ? 'not known' : 'honest'
}

function cutOffText(run: RunDocument, peer: number): string {
  // What a liar holds against anybody, itself included, is nobody's judgement.
  const isJudge = (by: number) => by !== peer && run.about.peers[by]?.honest !== false
  const proofs = run.evidence.filter(row => row.peer === peer && isJudge(row.observer))
  const convictions = run.marks.filter(
    mark => mark.kind === 'convicted' && mark.peers.includes(peer) && isJudge(mark.peer),
  )
  const by = new Set([...proofs.map(row => row.observer), ...convictions.map(mark => mark.peer)])
  if (by.size === 0) return '–'
  const names = [...by]
    .filter(one => one >= 0)
    .sort((a, b) => a - b)
    .map(one => peerName(run, one))
  const proof =
    proofs.length === 0 ? '' : `, on ${countText(proofs.length, 'proof')} of two signed vectors for one slot`
  return `by ${listText(names)}${proof}`
}

function Places({ run }: { run: RunDocument }) {
  const head = [
    'peer',
    'status',
    'at',
    'waits for',
    'caught up',
    'sent',
    'received',
    'batch loss',
    'accuracy',
  ]
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Table: where each peer stands">
      <table>
        <TableHead names={head} />
        <tbody>
          {run.peers.map((place, peer) => (
            <tr key={peer}>
              <th scope="row">{peerName(run, peer)}</th>
              <td>{statusText(run, peer)}</td>
              <td>{placeText(run, peer)}</td>
              <td>{waitingText(run, place)}</td>
              <td>{place.caughtUp === 0 ? '–' : countText(place.caughtUp, 'time')}</td>
              <td class="number">{isHearsay(run, peer) ? '–' : knownBytes(place.bytesSent)}</td>
              <td class="number">{knownBytes(place.bytesReceived)}</td>
              <td class="number">{numberText(place.loss)}</td>
              <td class="number">{percentText(place.accuracy)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** An agreement alone counts no traffic by peer, and a liar tells none. */
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

/** The peers and their links, who is who, and where each stands. */
import type { PeerPlace, RunDocument } from '../../run.ts'
import { TableHead } from '../chart/figure.tsx'
import { bytesText, countText, numberText, percentText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'
import { Scroll } from '../chart/scroll.tsx'
import type { ViewProps } from './props.ts'
import { RingFigure } from './ring.tsx'
import { cutOffText, isHearsay, placeText, roleOf, statusText, waitingText } from './standing.ts'

export function Cohort({ run, now }: ViewProps) {
  return (
    <div class="grid">
      <RingFigure run={run} now={now} />
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
              <td class={peer.attack === null ? 'nowrap' : undefined}>
                <Role run={run} peer={at} />
              </td>
              <td>{cutOffText(run, at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function Role({ run, peer }: { run: RunDocument; peer: number }) {
  const { text, lies } = roleOf(run, peer)
  return lies ? <span class="lies">{text}</span> : text
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

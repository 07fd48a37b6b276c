/** A running peer's status for people: where it is, for whom it waits, and a row for each other member. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { OtherStatus, PeerStatus } from '../../daemon/status.ts'
import { duration, listed, megabytes, percent, significant } from './format.ts'
import { agreedFigures } from './metrics.ts'
import { wantedText } from './result.ts'
import type { Cell } from './table.ts'

/** Sentences; then the table's rows, and what the others did wrong. */
export function statusLines(status: PeerStatus): readonly string[] {
  const { software, pid, uptimeSeconds, cohort, self, step, steps, loss, accuracy, traffic, memory } = status
  return [
    `${self.name} of ${cohort.name} (${cohort.id.slice(0, 12)}): ${software}, process ${pid}, up ${duration(uptimeSeconds)}`,
    `step ${step}/${steps}, ${phaseText(status)}${loss === null ? '' : `; loss ${significant(loss)}`}${accuracy === null ? '' : `, accuracy ${percent(accuracy)}`}`,
    evaluationText(status),
    waitingText(status),
    `sent ${size(traffic.bytesSent)}, received ${size(traffic.bytesReceived)}`,
    `memory ${size(memory.rssBytes)} (at most ${size(memory.peakBytes)} so far): objects ${size(memory.heapBytes)}, buffers ${size(memory.externalBytes)}`,
    secondProcessText(status),
    ...status.strangers.map(({ kind, count }) => `strangers: ${count} × ${kind}`),
  ].filter(line => line !== '')
}

function secondProcessText({ secondProcess, peers }: PeerStatus): string {
  if (secondProcess === null) return ''
  const { address, by, seconds } = secondProcess
  const names = by.map(peer => nameIn(peers, peer))
  return `this key was also started at ${address}, and refused there by ${listed(names)} (last ${duration(seconds)} ago): each machine needs an identity of its own`
}

export const statusHead = ['member', 'connection', 'step', 'in flight', 'kept', 'withheld', 'faults']

export function statusRow(other: OtherStatus): readonly Cell[] {
  const { name, connected, seconds, step, link, faults, convicted } = other
  const since = seconds === null ? '' : ` for ${duration(seconds)}`
  return [
    name,
    convicted ? 'cut off' : connected ? `up${since}` : seconds === null ? 'never seen' : `gone${since}`,
    step === null ? '–' : String(step),
    ...(link === null
      ? ['–', '–', '–']
      : [
          String(link.unacknowledged),
          `${link.keptMessages}, ${size(link.keptBytes)}`,
          String(link.withheld),
        ]),
    String(faults.reduce((sum, { count }) => sum + count, 0)),
  ]
}

/** Below the table: what the others did wrong, a line for each that did. */
export function faultLines({ peers }: Pick<PeerStatus, 'peers'>): readonly string[] {
  return peers.flatMap(({ name, faults, convicted, evidence }) => {
    const seen = faults.map(({ kind, count }) => `${count} × ${kind}`)
    if (convicted) seen.push(`equivocates${evidence === null ? '' : `: ${evidence}`}`)
    return seen.length === 0 ? [] : [`${name}: ${seen.join(', ')}`]
  })
}

/** Small amounts in the units that suit them. */
function size(bytes: number): string {
  if (bytes >= 1e6) return megabytes(bytes)
  return bytes < 1000 ? `${bytes} B` : `${significant(bytes / 1000)} kB`
}

function phaseText({ step, phase, computing, stillSeconds }: PeerStatus): string {
  if (phase === 'finished') return 'finished: it serves those that are not'
  if (phase === 'diverged') return 'diverged: it serves the others, and learns no more'
  // Nobody is known to be further on, so far.
  if (phase === 'catching-up' && step === 1)
    return `asking the others where they are, for ${duration(stillSeconds)}`
  if (phase === 'catching-up') return `catching up with the others for ${duration(stillSeconds)}`
  if (computing) return phase === 'metrics' ? 'evaluating what it has learnt' : 'computing its gradient'
  return `agreeing on ${phase === 'gradient' ? 'gradients' : phase} for ${duration(stillSeconds)}`
}

function evaluationText({ evaluation }: PeerStatus): string {
  if (evaluation === null) return ''
  const { step, agreed, own } = evaluation
  return `after step ${step}, ${agreedFigures(agreed, own)}`
}

function waitingText({ phase, waiting, peers }: PeerStatus): string {
  if (waiting === null) return ''
  const names = waiting.missing.map(({ peer, seconds }) => {
    const other = peers.find(each => each.peer === peer)
    return `${nameIn(peers, peer)} (${duration(seconds)}${other?.connected === true ? '' : ', not connected'})`
  })
  return `waiting for ${wantedText({ phase, needed: waiting.needed }, names)}`
}

function nameIn(peers: PeerStatus['peers'], peer: PeerIndex): string {
  return peers.find(each => each.peer === peer)?.name ?? `peer ${peer}`
}

/** A running peer's status for people: where it is, for whom it waits, and a row for each other member. */
import type { OtherStatus, PeerStatus } from '../../daemon/status.ts'
import { counted, duration, listed, megabytes, percent, significant } from './format.ts'
import type { Cell } from './table.ts'

/** Sentences first, then the table's rows. */
export function statusLines(status: PeerStatus): readonly string[] {
  const { software, pid, uptimeSeconds, cohort, self, step, steps, loss, accuracy, traffic, memory } = status
  return [
    `${self.name} (peer ${self.peer}) of ${cohort.name} (${cohort.id.slice(0, 12)}): ${software}, process ${pid}, up ${duration(uptimeSeconds)}`,
    `step ${step}/${steps}, ${phaseText(status)}${loss === null ? '' : `; loss ${significant(loss)}`}${accuracy === null ? '' : `, accuracy ${percent(accuracy)}`}`,
    waitingText(status),
    `sent ${size(traffic.bytesSent)}, received ${size(traffic.bytesReceived)}`,
    `memory ${size(memory.rssBytes)}: objects ${size(memory.heapBytes)}, buffers ${size(memory.externalBytes)}`,
    secondProcessText(status),
    ...status.strangers.map(({ kind, count }) => `strangers: ${count} × ${kind}`),
  ].filter(line => line !== '')
}

function secondProcessText({ secondProcess, peers }: PeerStatus): string {
  if (secondProcess === null) return ''
  const { address, by, seconds } = secondProcess
  const names = by.map(peer => peers.find(each => each.peer === peer)?.name ?? `peer ${peer}`)
  return `this key was also started at ${address}, and refused there by ${listed(names)} (last ${duration(seconds)} ago): each machine needs an identity of its own`
}

export const statusHead = [
  'peer',
  'name',
  'connection',
  'step',
  'behind',
  'not acknowledged',
  'withheld',
  'faults',
]

export function statusRow(other: OtherStatus): readonly Cell[] {
  const { peer, name, connected, seconds, step, lag, link, faults, convicted, evidence } = other
  const since = seconds === null ? '' : ` for ${duration(seconds)}`
  const seen = faults.map(({ kind, count }) => `${count} × ${kind}`)
  if (convicted) seen.push(`equivocates${evidence === null ? '' : `: ${evidence}`}`)
  return [
    ...[String(peer), name],
    convicted ? 'cut off' : connected ? `up${since}` : seconds === null ? 'never seen' : `gone${since}`,
    ...[significant(step), lag === null ? '–' : counted(lag, 'step')],
    link === null ? '–' : `${link.unacknowledged} (kept: ${link.keptMessages}, ${size(link.keptBytes)})`,
    link === null ? '–' : String(link.withheld),
    seen.length === 0 ? 'none' : seen,
  ]
}

/** Small amounts in the units that suit them. */
function size(bytes: number): string {
  if (bytes >= 1e6) return megabytes(bytes)
  return bytes < 1000 ? `${bytes} B` : `${significant(bytes / 1000)} kB`
}

function phaseText({ phase, computing, stillSeconds }: PeerStatus): string {
  if (phase === 'finished') return 'finished: it serves those that are not'
  if (phase === 'catching-up') return `catching up with the others for ${duration(stillSeconds)}`
  if (computing) return 'computing its gradient'
  return `agreeing on ${phase === 'gradient' ? 'gradients' : 'parameters'} for ${duration(stillSeconds)}`
}

function waitingText({ waiting, peers }: PeerStatus): string {
  if (waiting === null) return ''
  const names = waiting.missing.map(({ peer, seconds }) => {
    const other = peers.find(each => each.peer === peer)
    return `${other?.name ?? peer} (${duration(seconds)}${other?.connected === true ? '' : ', not connected'})`
  })
  return `waiting for ${counted(waiting.needed, 'more vector')}, from ${listed(names, 'or')}`
}

/** The end of a run for people: a table with a row a peer, who diverged, and the contrast. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { Divergence, LearnStatus } from '../../../learning/learn-contract.ts'
import type { Cohort } from '../../cohort/cohort.ts'
import { divergenceSentence } from '../../daemon/divergence.ts'
import type { Report } from '../../daemon/report.ts'
import type { SimulationResult } from '../../simulation/simulate.ts'
import type { Terminal } from '../terminal.ts'
import { counted, listed, megabytes, peerList, percent, significant } from './format.ts'
import { tableLines } from './table.ts'

export interface PeerRow {
  readonly peer: PeerIndex
  /** `honest`, `Byzantine: sign-flip`, `gone (SIGKILL)`. */
  readonly role: string
  readonly accuracy: number | null
  readonly loss: number | null
  readonly distance: number | null
  readonly bytes: number | null
  /** The most memory of its process that was resident at one time. */
  readonly peakBytes?: number | null
  /** What it saw others do: `2 bad-signature of peer 6`. */
  readonly faultsSeen: string
}

export async function resultTable(
  rows: readonly PeerRow[],
  { paint, columns }: Terminal,
): Promise<readonly string[]> {
  // Simulated peers have no process of their own.
  const hasMemory = rows.some(({ peakBytes }) => peakBytes != null)
  const memory = hasMemory ? ['peak memory'] : []
  const head = ['peer', 'role', 'accuracy', 'loss', 'to honest mean', 'sent', ...memory, 'faults seen']
  const cells = rows.map(row => [
    row.peer,
    row.role === 'honest' ? paint('green', row.role) : paint('red', row.role),
    percent(row.accuracy),
    significant(row.loss),
    significant(row.distance),
    row.bytes === null ? '–' : megabytes(row.bytes),
    ...(hasMemory ? [row.peakBytes == null ? '–' : megabytes(row.peakBytes)] : []),
    row.faultsSeen.split('\n'),
  ])
  return tableLines(head, cells, { columns, spare: ['peak memory', 'sent', 'loss'] })
}

/** `3 × bad-signature by peer 6`, or `none`; with names, `by dora`. */
export function faultsText(
  faults: Report['faults'],
  nameOf: (peer: PeerIndex) => string = peer => `peer ${peer}`,
): string {
  if (faults.length === 0) return 'none'
  return faults
    .map(({ peer, kind, count }) => `${count} × ${kind} by ${peer === null ? 'a stranger' : nameOf(peer)}`)
    .join('\n')
}

/**
 * Peers that diverged at the same step are told of together, with the largest norm.
 * @param unguaranteed why nothing is guaranteed; null where something is
 */
export function divergenceLines(
  diverged: readonly { readonly peer: PeerIndex; readonly divergence: Divergence }[],
  cohort: Cohort,
  unguaranteed: string | null,
): readonly string[] {
  const groups = new Map<string, { readonly peers: PeerIndex[]; readonly largest: Divergence }>()
  for (const { peer, divergence } of diverged) {
    const key = `${divergence.step} ${divergence.of}`
    const { peers, largest } = groups.get(key) ?? { peers: [], largest: divergence }
    groups.set(key, {
      peers: [...peers, peer],
      largest: divergence.norm > largest.norm ? divergence : largest,
    })
  }
  return [...groups.values()].map(
    ({ peers, largest }) => `${peerList(peers)}: ${divergenceSentence(largest, cohort, unguaranteed)}`,
  )
}

type Stuck = SimulationResult['stuck'][number]

/** Peers that are stuck at the same step, waiting for the same peers, are told of together. */
export function stuckLines(stuck: readonly Stuck[], maxFaulty: number): readonly string[] {
  const groups = new Map<string, Stuck[]>()
  for (const each of stuck) {
    const key = `${each.step} ${each.waitingFor.join()}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()].map(group => {
    const { step, waitingFor } = group[0]!
    const is = group.length === 1 ? 'is' : 'are'
    const tooMany = waitingFor.length > maxFaulty ? `, more peers than f = ${maxFaulty}` : ''
    return `${peerList(group.map(({ peer }) => peer))} ${is} stuck at step ${step}, waiting for ${peerList(waitingFor)}${tooMany}`
  })
}

interface ContrastSide {
  readonly title: string
  readonly accuracy: Report['accuracy']
  readonly loss: number | null
  readonly diameter: number | null
}

/** Two runs side by side. */
export async function contrastTable(
  sides: readonly ContrastSide[],
  { columns }: Terminal,
): Promise<readonly string[]> {
  const head = ['', ...sides.map(({ title }) => title)]
  const rows = [
    ['accuracy, mean', ...sides.map(({ accuracy }) => percent(accuracy.mean))],
    ['accuracy, worst', ...sides.map(({ accuracy }) => percent(accuracy.min))],
    ['loss, mean', ...sides.map(({ loss }) => significant(loss))],
    ['honest diameter', ...sides.map(({ diameter }) => significant(diameter))],
  ]
  return tableLines(head, rows, { columns })
}

/** How many of those that are waited for are named. */
const NAMED_MAX = 6

/** "1 more vector, from cleo or dora"; from a peer that catches up, or starts, the others' answers are wanted. */
export function wantedText(
  { phase, needed }: { readonly phase: LearnStatus['phase']; readonly needed: number },
  names: readonly string[],
): string {
  // A line that names forty peers is not read.
  const others = names.length - NAMED_MAX
  const some = others > 1 ? [...names.slice(0, NAMED_MAX), `one of ${others} others`] : names
  if (phase === 'catching-up') return `${counted(needed, 'more peer')} to answer, ${listed(some, 'or')}`
  return `${counted(needed, 'more vector')}, from ${listed(some, 'or')}`
}

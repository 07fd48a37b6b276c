/** The timeline of a cohort: faults, their ends, and peers that have caught up. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { InjectedFault } from './conditions.ts'

export const timelineEvents = [
  ...(['crash', 'restart', 'pause', 'resume', 'slow', 'full speed'] as const),
  ...(['partition', 'reconnect', 'caught up'] as const),
] as const

/** An event of these peers at one moment of virtual time. */
export interface TimelineEntry {
  readonly event: (typeof timelineEvents)[number]
  /** Ascending; for a partition, one side. */
  readonly peers: readonly PeerIndex[]
  /** The newest step that an honest peer had begun. */
  readonly step: number
  readonly virtualSeconds: number
  /** The step of the slowest of these peers; null if it was down. */
  readonly ownStep: number | null
  /** How a peer caught up: with messages kept for it, or with the parameters of others; null for other events. */
  readonly by: 'messages' | 'parameters' | null
  /** A fault began or ended here because of this many standstills, in which no peer could go on; else 0. */
  readonly standstills: number
}

interface TimelineOptions {
  readonly peers: number
  nowMs(): number
  newestStep(): number
  /** How many standstills have been counted as steps beyond the newest one. */
  stood(): number
  /** Null while the peer is down. */
  stepOf(peer: PeerIndex): number | null
  /** Each entry as it is made, before later peers join it. */
  readonly told?: (entry: TimelineEntry) => void
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[]
  struck(fault: InjectedFault): void
  healed(fault: InjectedFault): void
  /** A peer begins this step. For a peer that has ended it is the step after the last. */
  moved(peer: PeerIndex, step: number): void
  /** A peer has taken the parameters of others. */
  tookParameters(peer: PeerIndex): void
}

type Began = Extract<TimelineEntry['event'], 'crash' | 'pause' | 'slow' | 'partition'>

const ends = { crash: 'restart', pause: 'resume', slow: 'full speed', partition: 'reconnect' } as const

export function createTimeline(options: TimelineOptions): Timeline {
  const entries: TimelineEntry[] = []
  /** The peers that were away and have not caught up yet, and how each is catching up. */
  const behind = new Map<PeerIndex, 'messages' | 'parameters'>()
  const isLevel = (step: number) => step >= options.newestStep() - 1
  const add = (
    event: TimelineEntry['event'],
    peers: readonly PeerIndex[],
    by: TimelineEntry['by'] = null,
  ) => {
    const [virtualSeconds, step] = [options.nowMs() / 1000, options.newestStep()]
    const last = entries.at(-1)
    const joins =
      last?.event === event &&
      last.virtualSeconds === virtualSeconds &&
      last.by === by &&
      event !== 'partition'
    const entryOf = (named: readonly PeerIndex[]): TimelineEntry => {
      const steps = named.flatMap(peer => options.stepOf(peer) ?? [])
      return {
        event,
        peers: named,
        step,
        virtualSeconds,
        standstills: event === 'caught up' ? 0 : options.stood(),
        ownStep: steps.length === 0 || event === 'crash' ? null : Math.min(...steps),
        by,
      }
    }
    options.told?.(entryOf(peers))
    const all = joins ? [...last.peers, ...peers].sort((a, b) => a - b) : peers
    if (joins) entries.pop()
    entries.push(entryOf(all))
  }
  return {
    entries,
    struck(fault) {
      const event = eventOf(fault)
      for (const peer of peersOf(fault)) behind.delete(peer)
      add(event, peersOf(fault))
    },
    healed(fault) {
      add(ends[eventOf(fault)], peersOf(fault))
      for (const peer of awayIn(fault, options.peers))
        if (!isLevel(options.stepOf(peer) ?? 0)) behind.set(peer, 'messages')
    },
    moved(peer, step) {
      const by = behind.get(peer)
      if (by === undefined || !isLevel(step)) return
      behind.delete(peer)
      add('caught up', [peer], by)
    },
    tookParameters(peer) {
      if (behind.has(peer)) behind.set(peer, 'parameters')
    },
  }
}

function eventOf({ kind }: InjectedFault): Began {
  if (kind in ends) return kind as Began
  throw new Error(`a timeline has no word for ${kind}`)
}

function peersOf(fault: InjectedFault): readonly PeerIndex[] {
  return 'side' in fault ? fault.side : [fault.peer]
}

/** The peers that a fault takes away. Of a partition it is the smaller side, because the larger one may go on. */
function awayIn(fault: InjectedFault, peers: number): readonly PeerIndex[] {
  const named = peersOf(fault)
  if (2 * named.length <= peers) return named
  return Array.from({ length: peers }, (_, peer) => peer).filter(peer => !named.includes(peer))
}

/** The record of a real peer's run, which pages show: `concord watch`, `join --watch` and `join --page`. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Membership } from '../cohort/cohort.ts'
import { protocolText } from '../cohort/gossip.ts'
import { peerEvents } from '../page/peer-events.ts'
import { createPeerLane, type PeerLane } from '../page/peer-lane.ts'
import { createRecorder, type Recorder, roundedMs } from '../page/recorder.ts'
import type { RunAbout } from '../page/run.ts'
import { type Frame, sizeOf, type Transport } from '../ports.ts'
import type { PeerEvent } from './events.ts'
import type { PeerPlan } from './options.ts'
import type { PeerStatus } from './status.ts'
import { softwareName } from './version.ts'

/** How a run is recorded, where the default does not do. */
export interface RecordOptions {
  /** All is recorded from the start, because a page will want it later, or a file. */
  readonly isKept?: boolean
  /** When the run began, in milliseconds since 1970: of a cohort on one machine, the same for all. */
  readonly startedMs?: number
}

export interface RunRecord {
  readonly recorder: Recorder
  readonly lane: PeerLane
  see(event: PeerEvent): void
  /** The same transport, whose bytes are counted. */
  counted<T extends Transport>(transport: T): T
  /** Records what the status shows of the links. Called about once a second. */
  look(status: () => PeerStatus): void
}

export function createRunRecord(
  plan: Pick<PeerPlan, 'membership' | 'attack' | 'oracle'>,
  { isKept = false, startedMs = Date.now() }: RecordOptions = {},
): RunRecord {
  const { self, cohort } = plan.membership
  const recorder = createRecorder(aboutPeer(plan, startedMs), { isKept })
  const nowMs = () => performance.timeOrigin + performance.now() - startedMs
  const sent = cohort.members.map(() => 0)
  const see = peerEvents({ self, steps: cohort.steps, nowMs, tell: recorder.tell })
  const sentTo = (transport: Transport) => (to: PeerIndex, frame: Frame) => {
    const isTaken = transport.send(to, frame)
    if (isTaken) sent[to]! += sizeOf(frame)
    return isTaken
  }
  return {
    recorder,
    see,
    lane: createPeerLane({ recorder, self, nowMs, isHonest: plan.attack === null }),
    counted: transport => ({ ...transport, send: sentTo(transport) }),
    look(status) {
      if (!recorder.isWatched()) return
      const lags = cohort.members.map((): number | null => null)
      for (const { peer, lag } of status().peers) lags[peer] = lag
      recorder.tell({ kind: 'links', ms: roundedMs(nowMs()), peer: self, bytes: [...sent], lags })
    },
  }
}

function aboutPeer(
  { membership, attack, oracle }: Pick<PeerPlan, 'membership' | 'attack' | 'oracle'>,
  startedMs: number,
): RunAbout {
  const { cohort, cohortId, self } = membership
  const { spec } = oracle
  return {
    command: 'join',
    title: `${nameIn(membership)} in ${cohort.name}: ${protocolText(cohort)}, ${cohort.members.length} peers`,
    software: softwareName(),
    startedMs,
    clock: 'real',
    cohort: cohortId,
    protocol: protocolText(cohort),
    synchrony: cohort.synchrony,
    maxFaulty: cohort.faults,
    peers: cohort.members.map(({ name, id }, peer) => ({
      name,
      id,
      // Of the others this peer knows no more than what they send.
      honest: peer === self ? attack === null : null,
      attack: peer === self && attack !== null ? `${attack.name}: ${attack.did}` : null,
    })),
    self,
    steps: cohort.steps,
    dimension: null,
    seed: cohort.seed,
    settings: [
      ['cohort', cohort.name],
      ['data', spec.data],
      ['partition', spec.partition],
      ['model', cohort.model],
      ['rate', String(cohort.rate)],
      ['batch', String(cohort.batch)],
      ['exchange', cohort.exchange ?? 'whole'],
      ['precision', cohort.precision ?? 'f32'],
      ...(cohort.quorum === undefined ? [] : [['quorum', String(cohort.quorum)] as const]),
      ...(cohort.gradientRule === undefined ? [] : [['gradient rule', cohort.gradientRule] as const]),
    ],
  }
}

function nameIn({ cohort, self }: Membership): string {
  return cohort.members[self]!.name
}

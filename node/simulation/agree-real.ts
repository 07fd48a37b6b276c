/**
 * One averaging agreement over libp2p: the same cluster as in the simulated world, but on real ports, with all peers in
 * this process. The adversary sees everything, as in the simulated world.
 */
import { bounds } from '../../agreement/bounds.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { type CheckedRun, type Checkers, createCheckers, type Violation } from '../checkers/index.ts'
import type { NetworkTransport } from '../network/index.ts'
import type { AgreementPeer } from '../runtime/agreement-peer.ts'
import { systemClock } from '../runtime/system-clock.ts'
import type { AgreeOptions, AgreeResult } from './agree.ts'
import { agreementTask, watchedBy } from './cluster/agreement.ts'
import { openLoopback } from './cluster/loopback.ts'
import { type Cluster, createCluster } from './cluster.ts'

interface RealAgreeOptions extends Pick<AgreeOptions, 'settings' | 'inputs' | 'byzantine' | 'seed'> {
  readonly target: number | null
  /** The run gives up after this time. */
  readonly deadlineMs: number
  /** Name and version, as shown to other peers. */
  readonly software: string
}

interface RealAgreeResult
  extends Pick<
    AgreeResult,
    'honest' | 'outputs' | 'iterations' | 'faults' | 'violation' | 'messages' | 'bytes'
  > {
  readonly wallMs: number
}

export async function agreeForReal(options: RealAgreeOptions): Promise<RealAgreeResult> {
  const { settings, inputs, byzantine, seed, software } = options
  const { ports, authority, transports } = await openLoopback(settings, seed, software)
  let violation: Violation | null = null
  const checkers = createCheckers(checkedRun(options), (checker, detail) => {
    violation ??= { checker, detail, events: 0, timeMs: ports.nowMs() }
  })
  const done = Promise.withResolvers<void>()
  const watch = watchedBy(checkers)
  const cluster = createCluster(
    {
      task: agreementTask(settings, inputs),
      byzantine,
      colluding: true,
      byzantineFinish: false,
      seed,
      authority,
      startSpreadMs: 0,
      watch: {
        ...watch,
        // On real ports strangers may connect.
        accused(self, fault) {
          if (fault.peer !== null) watch.accused(self, fault)
        },
        ended() {
          if (cluster.honest.every(peer => cluster.results[peer] !== null)) done.resolve()
        },
      },
      failed: (_, error) => done.reject(error),
    },
    ports,
  )
  try {
    for (const peer of inputs.keys()) cluster.begin(peer)
    const timer = systemClock.after(options.deadlineMs, () => done.resolve())
    await done.promise.finally(() => timer.cancel())
    const measured = resultOf(cluster, checkers)
    return { ...measured, violation, wallMs: ports.nowMs() }
  } finally {
    const stop = (transport: NetworkTransport, peer: PeerIndex) =>
      new Promise<void>(stopped => (cluster.peers[peer] ?? transport).stop(stopped))
    await Promise.all(transports.map(stop))
  }
}

function checkedRun({ settings, inputs, byzantine, target }: RealAgreeOptions): CheckedRun {
  const honest = [...inputs.keys()].filter(peer => !byzantine.peers.includes(peer))
  const guaranteed =
    byzantine.peers.length <= settings.maxFaulty && !settings.unsafe && bounds(settings).feasible
  return { settings, honest, inputs, target, guaranteed, undisturbed: false }
}

function resultOf(
  { honest, peers, results, faults }: Cluster<AgreementPeer>,
  checkers: Checkers,
): Omit<RealAgreeResult, 'violation' | 'wallMs'> {
  const stuck = honest
    .filter(peer => results[peer] === null)
    .map(peer => ({ peer, waitingFor: peers[peer]?.waitingFor() ?? [] }))
  const statuses = peers.map(peer => peer?.status() ?? null)
  const bytesTaken = statuses.map(status => status?.bytesSent ?? 0)
  checkers.end({ finished: stuck.length === 0, settled: false, stuck, statuses, bytesTaken })
  return {
    honest,
    outputs: results,
    faults: faults.filter(({ observer }) => honest.includes(observer)),
    iterations: checkers.averaging.measures(),
    messages: statuses.reduce((sum, status) => sum + (status?.messagesSent ?? 0), 0),
    bytes: bytesTaken.reduce((a, b) => a + b, 0),
  }
}

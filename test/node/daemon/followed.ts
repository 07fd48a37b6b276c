/** Peers that a test follows while they run. */
import type { ExecutionContext } from 'ava'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import type { StartPeerOptions } from '../../../node/daemon/options.ts'
import { type RunningPeer, startPeer } from '../../../node/daemon/start-peer.ts'

interface Followed extends RunningPeer {
  readonly events: readonly PeerEvent[]
  /** Resolves once there is such an event. */
  heard(isIt: (event: PeerEvent) => boolean): Promise<void>
  /** Resolves once the peer has taken this step, or a later one. */
  reached(step: number): Promise<void>
  /** Resolves once it has come as far as another, and has taken three more steps with a gradient of its own. */
  abreast(other: RunningPeer): Promise<void>
}

/** Without mDNS; stopped after the test. */
export async function started(t: ExecutionContext, options: StartPeerOptions): Promise<Followed> {
  const events: PeerEvent[] = []
  const watchers = new Set<() => void>()
  const peer = await startPeer({
    mdns: false,
    ...options,
    onEvent(event) {
      events.push(event)
      for (const watcher of watchers) watcher()
    },
  })
  t.teardown(() => peer.stop())
  const until = (isSo: () => boolean) =>
    new Promise<void>(resolve => {
      const look = () => isSo() && resolve()
      watchers.add(look)
      look()
    })
  const reached = (step: number) =>
    until(() => events.some(event => event.kind === 'step' && event.step >= step))
  const heard = (isIt: (event: PeerEvent) => boolean) => until(() => events.some(isIt))
  const learnt = () => events.filter(event => event.kind === 'step' && event.loss !== null).length
  const abreast = async (other: RunningPeer) => {
    await until(() => peer.status().step >= other.status().step)
    const before = learnt()
    await until(() => learnt() >= before + 3)
  }
  return { ...peer, events, heard, reached, abreast }
}

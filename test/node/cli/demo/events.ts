/** Events of peers, for tests. */
import { apply, type DemoState } from '../../../../node/cli/demo/state.ts'
import type { Ending, PeerEvent } from '../../../../node/daemon/events.ts'

export function step(number: number, loss: number): PeerEvent {
  const traffic = { messages: number, bytesSent: number, bytesReceived: number }
  return { kind: 'step', step: number, loss, traffic, memory: { peakBytes: 1000 * number }, vectors: null }
}

export function ending(changes: Partial<Ending> = {}): Ending {
  return {
    parameters: Float32Array.of(1, 2),
    loss: 0.5,
    accuracy: 0.9,
    metrics: null,
    agreed: null,
    faults: [],
    learningSeconds: 2,
    ruleMilliseconds: 3,
    memory: { peakBytes: 70e6 },
    traffic: { messages: 1, bytesSent: 2, bytesReceived: 3 },
    eventLoopDelayMs: { p50: 0, p99: 1, max: 2 },
    ...changes,
  }
}

/** Every peer of the demo listens. */
export function allUp(state: DemoState): DemoState {
  for (const { peer } of state)
    apply(state, peer, {
      kind: 'listening',
      pid: 1,
      addresses: [],
      examples: 1,
      dimension: 1,
      step: 1,
      notes: [],
    })
  return state
}

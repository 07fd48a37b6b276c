/** After a restart an honest peer still owes the others its votes and the vectors behind them. */
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { type AgreeOptions, simulateAgreement } from '../../../node/simulation/agree.ts'
import { calmConditions, type InjectedFault } from '../../../node/simulation/conditions.ts'
import { normals } from '../../agreement/harness.ts'

const settings: AgreeOptions['settings'] = {
  protocol: 'rb-tm',
  synchrony: 'asynchronous',
  peers: 4,
  maxFaulty: 1,
  dimension: 3,
  iterations: 1,
  graceMs: 0,
  timeoutMs: 1000,
  payloadMs: 250,
  unsafe: false,
}

/** Sends its vector to peers 0 and 1 only, and falls silent forever, before any peer can ask for the vector. */
function halfASentence() {
  const frames = new Map<number, number>()
  return {
    ...attackNamed('refuse'),
    wire(frame: readonly Uint8Array[], recipient: number) {
      const count = (frames.get(recipient) ?? 0) + 1
      frames.set(recipient, count)
      return count <= 3 ? [frame] : []
    },
  }
}

const crash = (peer: number): InjectedFault => ({
  kind: 'crash',
  peer,
  at: { timeMs: 120 },
  forMs: 20,
  kept: 1,
})

test('a peer that echoed a vector still has it after a restart, for the peers that the author left out', t => {
  const run = (injectedFaults: readonly InjectedFault[]) =>
    simulateAgreement({
      settings,
      inputs: normals(1, 4, 3),
      seed: 1,
      byzantine: { peers: [3], attack: halfASentence() },
      conditions: { ...calmConditions, syncMs: 1, injectedFaults, calmAtMs: 200 },
    })
  t.is(run([]).violation, null)
  const result = run([crash(0), crash(1)])
  t.is(result.violation, null, result.violation?.detail)
  t.is(result.restarts, 2)
})

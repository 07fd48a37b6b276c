/** Peers that lose their place, and others that answer their questions, for the tests beside this file. */
import type { TimerKey } from '../../../agreement/averaging/averaging.ts'
import type { Message, Slot } from '../../../agreement/message.ts'
import type { Effects } from '../../../agreement/protocol.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Recovery, RecoveryOptions, RecoveryOutput } from '../../../learning/recovery/contract.ts'
import { createRecovery } from '../../../learning/recovery/recovery.ts'
import { testLedger } from '../../agreement/harness.ts'

export const D = 2

export function optionsOf(self: number, changes: Partial<RecoveryOptions> = {}): RecoveryOptions {
  return {
    protocol: 'mda',
    self,
    peers: 7,
    maxFaulty: 1,
    dimension: D,
    step: 1,
    steps: 100,
    stepsEnd: 101,
    kept: 16,
    past: 4,
    completeFrom: 1,
    history: new Map(),
    ledger: testLedger(),
    ...changes,
  }
}

export const stateSlot = (sender: number, step: number, iteration = 0): Slot => ({
  step,
  phase: 'state',
  iteration,
  sender,
})

/** A peer's answer about its own position. By default it has taken part from the start. */
export function position(
  from: number,
  step: number,
  oldest = Math.max(1, step - 16),
  completeFrom = 1,
): Message {
  return { kind: 'position', slot: stateSlot(from, step), oldest, completeFrom, seen: null }
}

export const theta = (step: number, self: number): Vector => Float32Array.of(step, self / 100)

/** A peer that has gone step by step to this one, with θ_s = (s, self / 100). */
export function at(self: number, step: number, changes: Partial<RecoveryOptions> = {}): Recovery {
  const peer = createRecovery(optionsOf(self, changes))
  for (let s = 1; s <= step; s++) peer.reached(s, theta(s, self))
  return peer
}

export const everyone = (steps: readonly number[]) =>
  new Map(steps.map((step, i) => [i + 1, at(i + 1, step)] as const))

export type RecoveryEffects = Effects<Message, RecoveryOutput>

/** The waits that recovery asked for. */
export const timersIn = ({ outputs }: RecoveryEffects): readonly TimerKey[] =>
  outputs.flatMap(output => (output.kind === 'timer' ? [output.timer] : []))

/** Why a peer asks. */
export type Reason = 'memory-lost' | 'left-behind' | 'suspicion'

/** Makes peer 0 ask: f + 1 others can no longer serve it, or one cannot and the wait is over. */
export function makeAsk(asker: Recovery, reason: Reason, maxFaulty = 1): RecoveryEffects {
  if (reason === 'memory-lost') return asker.start('lost')
  if (reason === 'suspicion') {
    const [timer] = timersIn(asker.signal({ kind: 'missed', peer: 1 }))
    return asker.timeout(timer!, true)
  }
  for (let peer = 1; peer <= maxFaulty; peer++) asker.signal({ kind: 'missed', peer })
  return asker.signal({ kind: 'missed', peer: maxFaulty + 1 })
}

/** Peer 0 asks, and the others answer, until no message is left. */
export function askAll(asker: Recovery, others: ReadonlyMap<number, Recovery>, reason: Reason) {
  return answerAll(asker, others, makeAsk(asker, reason))
}

export function answerAll(
  asker: Recovery,
  others: ReadonlyMap<number, Recovery>,
  { messages }: RecoveryEffects,
) {
  const outputs: RecoveryOutput[] = []
  const targets: number[] = []
  const pending = [...messages]
  while (pending.length > 0) {
    const { message, to } = pending.shift()!
    if (message.kind === 'fetch') targets.push(message.slot.step)
    for (const [index, other] of others) {
      if (to !== 'others' && to !== index) continue
      for (const answer of other.receive(0, message).messages) {
        const next = asker.receive(index, answer.message)
        pending.push(...next.messages)
        outputs.push(...next.outputs)
      }
    }
  }
  const begun = outputs.filter(output => output.kind === 'begin')
  const hasFound = outputs.some(({ kind }) => kind === 'caught-up')
  return { targets, begun, hasFound, outputs }
}

/** Peers that catch up, and others that answer them, for the tests beside this file. */
import type { Vector } from '../../agreement/vector.ts'
import { createCatchUp } from '../../learning/recovery/catch-up.ts'
import type {
  CatchUp,
  CatchUpOptions,
  CatchUpOutput,
  CatchUpReason,
} from '../../learning/recovery/contract.ts'
import { testLedger } from '../agreement/harness.ts'

const N = 7
const F = 1
export const D = 2

export function optionsOf(self: number, protocol: 'mda' | 'cva'): CatchUpOptions {
  return {
    protocol,
    self,
    peers: N,
    faults: F,
    dimension: D,
    stepsEnd: 101,
    kept: 16,
    past: 4,
    listens: false,
    since: 1,
    forgotten: 0,
    history: new Map(),
    ledger: testLedger(),
  }
}

export function member(self: number, protocol: 'mda' | 'cva' = 'mda'): CatchUp {
  return createCatchUp(optionsOf(self, protocol))
}

export const theta = (step: number, self: number): Vector => Float32Array.of(step, self / 100)

/** A peer that has walked to a step, with θ_s = (s, self / 100). */
export function at(self: number, step: number): CatchUp {
  const peer = member(self)
  for (let s = 1; s <= step; s++) peer.reached(s, theta(s, self))
  return peer
}

/** Peer 0 asks; the others answer what they are asked until nothing more is said. */
export function askAll(
  asker: CatchUp,
  others: ReadonlyMap<number, CatchUp>,
  step: number,
  reason: CatchUpReason,
) {
  return answerAll(asker, others, asker.ask(step, reason))
}

export function answerAll(
  asker: CatchUp,
  others: ReadonlyMap<number, CatchUp>,
  { messages }: ReturnType<CatchUp['ask']>,
) {
  const found: Extract<CatchUpOutput, { kind: 'found' }>[] = []
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
        found.push(...next.outputs.filter(output => output.kind === 'found'))
      }
    }
  }
  return { found, targets }
}

export const everyone = (steps: readonly number[]) =>
  new Map(steps.map((step, i) => [i + 1, at(i + 1, step)] as const))

/** collaborative-learning §4.4, Theorem 2: averaging agreement by way of LEARN, on losses ½‖θ − x_j‖². */
import test from 'ava'
import { bounds, type ProtocolName } from '../../../agreement/bounds.ts'
import type { Message } from '../../../agreement/message.ts'
import { type Effects, newEffects } from '../../../agreement/protocol.ts'
import { diameter, distance, norm, type Vector } from '../../../agreement/vector.ts'
import { createLearn } from '../../../learning/learn.ts'
import {
  defaultWindow,
  type Learn,
  type LearnInput,
  type LearnOutput,
} from '../../../learning/learn-contract.ts'
import { createSchedule } from '../../../learning/schedule.ts'
import { type Flight, normals, runNetwork, seal, testLedger } from '../../agreement/harness.ts'
import { meanOf } from '../../agreement/paper/scene.ts'

interface Run {
  readonly protocol: ProtocolName
  readonly n: number
  readonly f: number
  /** `x_j` of the honest peers, `0 … h − 1`. */
  readonly inputs: readonly Vector[]
  readonly steps: number
  readonly rate: number
  readonly start: Vector
}

/** What the honest peers return. */
function agreeByLearning(run: Run): Vector[] {
  const { n, f, inputs } = run
  const reach = 0.9 * diameter(inputs)
  const { outputs } = runNetwork<LearnInput, LearnOutput>({
    protocols: Array.from({ length: n }, (_, self) => (self < n - f ? peer(run, self) : null)),
    inputs: () => ({ kind: 'start' }),
    seed: run.steps,
    adversary: seen => (seen === null ? [] : answerBeside(seen, reach)),
  })
  return outputs
    .slice(0, n - f)
    .flatMap(list => list.flatMap(output => (output.kind === 'finished' ? [output.parameters] : [])))
}

/** A faulty peer that answers every vector with one close to it, always on the same side. */
function answerBeside({ from, to, message }: Flight, reach: number): Flight[] {
  if (message.kind !== 'vector') return []
  const sealed = seal(message.sealed.vector.map((x, i) => (i === 0 ? x + reach : x)))
  return [{ from: to, to: from, message: { kind: 'vector', slot: { ...message.slot, sender: to }, sealed } }]
}

/** LEARN with its oracle built in: the gradient of ½‖θ − x_j‖² is θ − x_j, so L = 1 and K = Δ₂(x). */
function peer({ protocol, n, f, inputs, steps, rate, start }: Run, self: number): Learn {
  const dimension = start.length
  const cohort = { protocol, peers: n, maxFaulty: f, synchrony: 'asynchronous', dimension } as const
  const iterations = { gradient: 1, parameters: 1 }
  const learn = createLearn({
    ...cohort,
    self,
    grace: false,
    ledger: testLedger(),
    unsafe: false,
    schedule: createSchedule({ ...cohort, schedule: 'theory', count: 'tight', iterations }),
    steps,
    rate: () => rate,
    momentum: 0,
    clip: null,
    weightDecay: 0,
    batch: () => 1,
    outputStep: null,
    start: { step: 1, parameters: start, momentum: null },
    window: { ...defaultWindow, ahead: steps },
  })
  const answered = (effects: Effects<Message, LearnOutput>): Effects<Message, LearnOutput> => {
    const asked = effects.outputs.find(output => output.kind === 'need-gradient')
    if (asked === undefined) return effects
    const gradient = asked.parameters.map((x, i) => x - inputs[self]![i]!)
    const next = answered(learn.input({ kind: 'gradient', step: asked.step, gradient }))
    const whole = newEffects<Message, LearnOutput>()
    for (const part of [effects, next]) {
      whole.messages.push(...part.messages)
      whole.outputs.push(...part.outputs)
    }
    return whole
  }
  return {
    ...learn,
    input: value => answered(learn.input(value)),
    receive: (from, message) => answered(learn.receive(from, message)),
  }
}

/** Equations 116 and 118: the peers end together, within (1 + δ)·C diameters of the mean. */
for (const [protocol, n] of [
  ['mda', 7],
  ['cva', 8],
  ['icwtm', 6],
  ['rb-tm', 4],
] as const)
  test(`Theorem 2: LEARN with ${protocol} on ½‖θ − x_j‖² is an averaging agreement`, t => {
    const [f, d] = [1, 3]
    const inputs = normals(n, n - f, d)
    const out = agreeByLearning({ protocol, n, f, inputs, steps: 32, rate: 0.3, start: new Float32Array(d) })
    t.is(out.length, n - f)
    const query = { protocol, peers: n, maxFaulty: f, synchrony: 'asynchronous', dimension: d } as const
    const { averagingConstant } = bounds(query)
    const [delta, wide] = [0.1, diameter(inputs)]
    t.true(diameter(out) <= delta * wide, `the diameter is ${diameter(out)} of ${wide}`)
    const away = distance(meanOf(out), meanOf(inputs))
    t.true(away <= (1 + delta) * averagingConstant! * wide, `${away} away, C ${averagingConstant}`)
    t.true(away > 0.01 * wide, 'the attack has an effect')
  })

/**
 * The limit of the reduction: δ = min(1, Δ₂(x)/2^t) and K = Δ₂(x) must be known beforehand, and are 0 if all peers
 * hold the same x. Then T is infinite: after any finite T the peers agree, but on a vector that still holds
 * (1 − η)^T of θ₁, whereas averaging agreement (Lemma 14) requires x itself.
 */
test('Theorem 2 needs a known Δ₂(x) > 0: for equal inputs no finite T gives the averaging of Definition 3', t => {
  const [n, rate] = [7, 0.3]
  const inputs = Array.from({ length: n - 1 }, () => Float32Array.of(5, -3))
  for (const steps of [4, 8, 16]) {
    const out = agreeByLearning({ protocol: 'mda', n, f: 1, inputs, steps, rate, start: new Float32Array(2) })
    t.is(diameter(out), 0)
    const away = distance(meanOf(out), inputs[0]!)
    t.true(
      Math.abs(away - (1 - rate) ** steps * norm(inputs[0]!)) < 1e-4,
      `${away} away after ${steps} steps`,
    )
    t.true(away > 0)
  }
})

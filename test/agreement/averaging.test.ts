/** Averaging agreement: agreement, averaging and termination of all four protocols, and where they end. */
import test from 'ava'
import fc from 'fast-check'
import type { AveragingInput, AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { BoundError, createAveraging } from '../../agreement/averaging/create.ts'
import { bounds, type ProtocolName } from '../../agreement/bounds.ts'
import type { Message } from '../../agreement/message.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import { diameter, distance, type Vector } from '../../agreement/vector.ts'
import { type Flight, normals, runNetwork, seal, slotAt, testLedger } from './harness.ts'

interface Setting {
  readonly protocol: ProtocolName
  readonly n: number
  readonly f: number
  readonly d: number
  readonly iterations: number
  readonly unsafe?: boolean
  readonly grace?: boolean
}

function peer({ protocol, n, f, d, iterations, unsafe = false, grace = false }: Setting, self: number) {
  return createAveraging({
    protocol,
    synchrony: 'asynchronous',
    self,
    peers: n,
    maxFaulty: f,
    dimension: d,
    step: 1,
    phase: 'gradient',
    iterations,
    grace,
    unsafe,
    ledger: testLedger(),
  })
}

interface Run {
  readonly setting: Setting
  readonly inputs: readonly Vector[]
  readonly seed: number
  readonly adversary?: (seen: Flight | null) => readonly Flight[]
  readonly schedule?: (flights: readonly Flight[]) => number
}

/** The last `f` peers are faulty. */
function run({ setting, inputs, seed, adversary, schedule }: Run) {
  const { n, f } = setting
  const protocols = Array.from({ length: n }, (_, self) => (self < n - f ? peer(setting, self) : null))
  return runNetwork<AveragingInput, AveragingOutput>({
    protocols,
    inputs: self => ({ kind: 'vector', vector: inputs[self]! }),
    seed,
    timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
    ...(adversary && { adversary }),
    ...(schedule && { schedule }),
  })
}

function agreed(outputs: readonly (readonly AveragingOutput[])[], honest: number): Vector[] {
  return outputs
    .slice(0, honest)
    .flatMap(list => list.flatMap(output => (output.kind === 'agreed' ? [output.vector] : [])))
}

/** Faulty peers send everyone a vector of its own, far away, as soon as the run begins. */
function farAway({ n, f, d, iterations, protocol }: Setting, seed: number): NonNullable<Run['adversary']> {
  const lies = normals(seed + 99, n * iterations, d)
  return seen => {
    if (seen !== null) return []
    const flights: Flight[] = []
    for (let from = n - f; from < n; from++)
      for (let to = 0; to < n - f; to++)
        for (let iteration = 0; iteration < iterations; iteration++) {
          const sealed = seal(lies[(to * iterations + iteration) % lies.length]!.map(x => 5 * x))
          const slot = slotAt(from, iteration)
          const say = (message: Message) => flights.push({ from, to, message })
          say({ kind: 'vector', slot, sealed })
          if (!isBroadcastBased(protocol)) continue
          say({ kind: 'echo', slot, digest: sealed.digest, signature: sealed.signature })
          say({ kind: 'ready', slot, digest: sealed.digest })
          say({ kind: 'report', slot, peers: Array.from({ length: n - f }, (_, i) => i) })
        }
    return flights
  }
}

const smallest: Record<string, (f: number) => number> = {
  mda: f => 6 * f + 1,
  cva: f => 7 * f + 1,
  icwtm: f => 5 * f + 1,
  'rb-tm': f => 3 * f + 1,
  'box-geom': f => 3 * f + 1,
  'box-mean': f => 3 * f + 1,
}

for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm', 'box-geom', 'box-mean'] as const)
  test(`${protocol}: AVG_2 at its least n quarters the diameter and stays within C, against equivocators`, t => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(1e6),
        (f, d, seed) => {
          const n = smallest[protocol]!(f)
          const { iterations, averagingConstant } = bounds({
            protocol,
            peers: n,
            maxFaulty: f,
            synchrony: 'asynchronous',
            dimension: d,
          })
          const setting = { protocol, n, f, d, iterations: iterations.tight![1]! }
          const inputs = normals(seed, n, d)
          const { outputs } = run({ setting, inputs, seed, adversary: farAway(setting, seed) })
          const out = agreed(outputs, n - f)
          const before = diameter(inputs.slice(0, n - f))
          t.is(out.length, n - f, 'termination')
          t.true(diameter(out) <= before / 4 + 1e-6, `agreement: ${diameter(out)} after ${before}`)
          if (averagingConstant !== null)
            t.true(
              distance(meanOf(out), meanOf(inputs.slice(0, n - f))) <= averagingConstant * before + 1e-6,
              'averaging',
            )
        },
      ),
      { numRuns: isBroadcastBased(protocol) ? 12 : 25 },
    )
  })

function meanOf(family: readonly Vector[]): Vector {
  return Float32Array.from(family[0]!, (_, i) => family.reduce((sum, v) => sum + v[i]!, 0) / family.length)
}

test('with no faulty peer one iteration of MDA is the mean, at every peer', t => {
  const setting = { protocol: 'mda', n: 5, f: 0, d: 4, iterations: 1 } as const
  const inputs = normals(3, 5, 4)
  for (const vector of agreed(run({ setting, inputs, seed: 1 }).outputs, 5))
    t.true(distance(vector, meanOf(inputs)) < 1e-6)
})

test('no iterations: the input is the output (AVG_0)', t => {
  for (const protocol of ['mda', 'rb-tm'] as const) {
    const effects = peer({ protocol, n: 7, f: 1, d: 2, iterations: 0 }, 0).input({
      kind: 'vector',
      vector: Float32Array.of(1, 2),
    })
    t.deepEqual(effects.outputs, [{ kind: 'agreed', vector: Float32Array.of(1, 2) }])
    t.is(effects.messages.length, 0)
  }
})

test('a grace is asked for once q are in, and ends when all n are in or time is up', t => {
  const setting = { protocol: 'mda', n: 7, f: 1, d: 1, iterations: 1, grace: true } as const
  const [zero, one] = [Float32Array.of(0), Float32Array.of(1)]
  const waiting = () => {
    const self = peer(setting, 0)
    self.input({ kind: 'vector', vector: zero })
    const steps = [1, 2, 3, 4, 5].map(from =>
      self.receive(from, { kind: 'vector', slot: slotAt(from), sealed: seal(zero) }),
    )
    return { self, asked: steps.flatMap(effects => effects.outputs) }
  }
  const first = waiting()
  t.deepEqual(
    first.asked.map(o => o.kind === 'timer' && o.timer.purpose),
    ['grace'],
  )
  const all = first.self.receive(6, { kind: 'vector', slot: slotAt(6), sealed: seal(one) })
  t.deepEqual(
    all.outputs.map(o => o.kind),
    ['iterated', 'agreed'],
  )
  const second = waiting()
  const timer = second.asked[0]!
  const over = second.self.input({
    kind: 'timer',
    timer: timer.kind === 'timer' ? timer.timer : (t.fail() as never),
  })
  t.deepEqual(
    over.outputs.map(o => (o.kind === 'iterated' ? o.used : o.kind)),
    [[0, 1, 2, 3, 4, 5], 'agreed'],
  )
})

test('synchrony waits for all n until the timeout, then for n − f', t => {
  const make = () =>
    createAveraging({
      protocol: 'icwtm',
      peers: 4,
      maxFaulty: 1,
      dimension: 1,
      synchrony: 'synchronous',
      self: 0,
      step: 1,
      phase: 'gradient',
      iterations: 1,
      grace: false,
      ledger: testLedger(),
    } as const)
  const self = make()
  const begun = self.input({ kind: 'vector', vector: Float32Array.of(0) })
  const timer = begun.outputs.find(o => o.kind === 'timer')!
  const zero = seal(Float32Array.of(0))
  for (const from of [1, 2])
    t.is(self.receive(from, { kind: 'vector', slot: slotAt(from), sealed: zero }).outputs.length, 0)
  t.deepEqual(self.waitingFor(), [3])
  const over = self.input({ kind: 'timer', timer: timer.timer })
  t.deepEqual(
    over.outputs.map(o => o.kind),
    ['iterated', 'agreed'],
  )
})

test('a second vector for a slot is evidence, the first one stays; a resend is neither', t => {
  const self = peer({ protocol: 'mda', n: 7, f: 1, d: 1, iterations: 1 }, 0)
  const say = (x: number) =>
    self.receive(1, { kind: 'vector', slot: slotAt(1), sealed: seal(Float32Array.of(x)) })
  t.is(say(1).faults.length, 0)
  t.is(say(1).faults.length, 0)
  const [fault] = say(2).faults
  t.is(fault?.kind, 'equivocation')
  t.is(fault?.evidence?.first.digest, seal(Float32Array.of(1)).digest)
})

test('garbage is a fault and never a throw', t => {
  const kinds = (protocol: ProtocolName, message: Message, from = 1) =>
    peer({ protocol, n: 7, f: 1, d: 2, iterations: 2 }, 0)
      .receive(from, message)
      .faults.map(({ kind }) => kind)
  const sealed = seal(Float32Array.of(1, 2))
  for (const protocol of ['mda', 'rb-tm'] as const) {
    t.deepEqual(kinds(protocol, { kind: 'vector', slot: slotAt(2), sealed }), ['wrong-author'])
    t.deepEqual(kinds(protocol, { kind: 'vector', slot: slotAt(1, 2), sealed }), ['out-of-range'])
    t.deepEqual(kinds(protocol, { kind: 'vector', slot: slotAt(1, 0.5), sealed }), ['out-of-range'])
    t.deepEqual(kinds(protocol, { kind: 'vector', slot: slotAt(1), sealed: seal(Float32Array.of(1)) }), [
      'wrong-dimension',
    ])
    t.deepEqual(
      kinds(protocol, { kind: 'vector', slot: slotAt(1), sealed: seal(Float32Array.of(1, Infinity)) }),
      ['not-finite'],
    )
  }
  t.deepEqual(kinds('mda', { kind: 'ready', slot: slotAt(1), digest: '' }), ['unexpected-kind'])
  for (const peers of [
    [0, 1],
    [0, 0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4, 9],
    [5, 4, 3, 2, 1, 0],
  ])
    t.deepEqual(kinds('rb-tm', { kind: 'report', slot: slotAt(1), peers }), ['bad-report'])
  t.deepEqual(kinds('rb-tm', { kind: 'report', slot: slotAt(2), peers: [0, 1, 2, 3, 4, 5] }), [
    'wrong-author',
  ])
  t.deepEqual(kinds('rb-tm', { kind: 'echo', slot: slotAt(99), digest: '', signature: new Uint8Array() }), [
    'out-of-range',
  ])
})

test('below its bound a protocol refuses, and says what would do', t => {
  const error = t.throws(() => peer({ protocol: 'icwtm', n: 5, f: 1, d: 1, iterations: 1 }, 0), {
    instanceOf: BoundError,
  })
  t.is(error?.code, 'BOUND_NOT_MET')
  t.regex(error!.message, /5f \+ 1 = 6/)
  t.throws(() => peer({ protocol: 'icwtm', n: 3, f: 1, d: 1, iterations: 1, unsafe: true }, 0), {
    message: /nothing is left/,
  })
})

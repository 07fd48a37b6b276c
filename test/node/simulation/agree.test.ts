/** Averaging agreement in the simulated world: all four protocols, their synchronous forms, determinism. */
import test from 'ava'
import { BoundError } from '../../../agreement/averaging/create.ts'
import { bounds, type ProtocolName, peersNeeded } from '../../../agreement/bounds.ts'
import type { Synchrony } from '../../../agreement/thresholds.ts'
import { loadAttack } from '../../../node/files/attack-file.ts'
import { type AgreeOptions, simulateAgreement } from '../../../node/simulation/agree.ts'
import { calmConditions } from '../../../node/simulation/conditions.ts'
import { swarmAttack } from '../../../node/simulation/swarm/attacks.ts'
import { normals } from '../../agreement/harness.ts'

async function agreement(
  protocol: ProtocolName,
  maxFaulty: number,
  attack: string,
  synchrony: Synchrony = 'asynchronous',
): Promise<AgreeOptions> {
  const peers = peersNeeded(protocol, maxFaulty, synchrony)!
  const dimension = 6
  const query = { protocol, peers, maxFaulty, synchrony, dimension } as const
  return {
    settings: {
      ...query,
      iterations: bounds(query).iterations.tight![0]!,
      graceMs: 0,
      timeoutMs: 100,
      payloadMs: 250,
      unsafe: false,
    },
    inputs: normals(peers, peers, dimension),
    byzantine: {
      peers: Array.from({ length: maxFaulty }, (_, i) => peers - maxFaulty + i),
      attack: await loadAttack(attack),
    },
    seed: 3,
    target: 1,
    traced: true,
  }
}

for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm'] as const)
  for (const attack of ['equivocate', 'lie', 'refuse', 'docs/examples/attack.ts'])
    test(`${protocol} at its least n against ${attack}: within the guarantee at every iteration`, async t => {
      const { violation, iterations, outputs, honest } = simulateAgreement(
        await agreement(protocol, 2, attack),
      )
      t.is(violation, null, violation?.detail)
      for (const peer of honest) t.not(outputs[peer], null)
      for (const each of iterations) {
        t.true((each.contraction ?? 0) <= each.contractionBound! + 1e-3)
        t.true(each.shift <= (each.shiftBound ?? Infinity))
      }
    })

for (const protocol of ['mda', 'cva', 'icwtm'] as const)
  for (const attack of ['silence', 'omit', 'refuse', 'crash', 'forge'])
    test(`${protocol} under synchrony against ${attack}: peers may see different numbers of vectors`, async t => {
      const result = simulateAgreement(await agreement(protocol, 2, attack, 'synchronous'))
      t.is(result.violation, null, result.violation?.detail)
    })

test('a faulty peer that sends to some peers only cannot drive synchronous peers apart in time', async t => {
  const options = await agreement('icwtm', 1, 'refuse', 'synchronous')
  const { violation, virtualMs, agreedMs } = simulateAgreement({
    ...options,
    settings: { ...options.settings, iterations: 8 },
  })
  t.is(violation, null, violation?.detail)
  t.true(agreedMs! <= 8 * 100 + 20, `rounds end by the clock: ${agreedMs} of ${virtualMs}`)
})

test('MDA under synchrony already contracts from 4f + 1, as Lemma 12’s proof says (docs/synchrony.md)', async t => {
  for (const maxFaulty of [1, 2, 3])
    for (const attack of ['silence', 'refuse', 'equivocate', 'little', 'omit']) {
      const peers = 4 * maxFaulty + 1
      const base = await agreement('mda', maxFaulty, attack, 'synchronous')
      const { iterations } = simulateAgreement({
        ...base,
        settings: { ...base.settings, peers, iterations: 3, unsafe: true },
        inputs: normals(maxFaulty, peers, 6),
        byzantine: { ...base.byzantine, peers: Array.from({ length: maxFaulty }, (_, i) => i) },
      })
      const bound = (3 * maxFaulty) / (peers - maxFaulty)
      t.is(iterations.length, 3)
      for (const { contraction } of iterations)
        t.true((contraction ?? 0) <= bound, `${attack}: ${contraction}`)
    }
})

test('the same options give the same trace, another seed gives another', async t => {
  const options = await agreement('rb-tm', 1, 'lie')
  const first = simulateAgreement(options)
  t.regex(first.trace!, /^[0-9a-f]{64}$/)
  t.is(simulateAgreement(options).trace, first.trace)
  t.not(simulateAgreement({ ...options, seed: 4 }).trace, first.trace)
})

test('the trace of a stated run is the same on every machine', async t => {
  const { trace } = simulateAgreement(await agreement('mda', 1, 'equivocate'))
  t.snapshot(trace)
})

test('below its bound nothing is guaranteed and nothing is checked; a protocol refuses', async t => {
  const options = await agreement('mda', 1, 'equivocate')
  const settings = { ...options.settings, peers: 6 }
  const smaller = {
    ...options,
    settings,
    inputs: options.inputs.slice(0, 6),
    byzantine: { peers: [5], attack: null },
  }
  t.throws(() => simulateAgreement(smaller), { instanceOf: BoundError })
  const unsafe = simulateAgreement({ ...smaller, settings: { ...settings, unsafe: true } })
  t.is(unsafe.violation, null)
  t.is(unsafe.iterations[0]?.contractionBound, null)
})

test('an undisturbed world: each vector of an honest peer crosses each link once, votes travel together', async t => {
  const base = await agreement('rb-tm', 2, 'silence')
  const peers = 16
  const settings = { ...base.settings, peers, maxFaulty: 5, dimension: 2000, iterations: 1 }
  const result = simulateAgreement({
    ...base,
    settings,
    inputs: normals(1, peers, 2000),
    target: null,
    byzantine: { peers: [], attack: null },
    conditions: { ...calmConditions, latency: { kind: 'lan' } },
  })
  t.is(result.violation, null, result.violation?.detail)
  const vectors = peers * (peers - 1) * 4 * 2000
  const control = result.bytes - vectors
  // 2n votes from each peer to each other, about 130 and 50 bytes each, and little else.
  t.true(control / (peers * (peers - 1)) < 200 * peers, `${control} bytes of control`)
  t.true(result.events < result.messages / 3, `${result.events} events for ${result.messages} messages`)
})

test('the counterexample to 4f + 1, as a simulated world: ICwTM at n = 5, f = 1 never contracts', async t => {
  const { settings, ...base } = await agreement('icwtm', 1, 'silence')
  const held = [0, 0, 1, 1]
  // One of the other half is late for every peer; the faulty peer sends each peer its own vector.
  const late = [[3], [3], [0], [0], []]
  const world = (camps: { peers: number; maxFaulty: number; honest: number[] }) =>
    simulateAgreement({
      ...base,
      target: null,
      settings: { ...settings, peers: 5, dimension: 1, iterations: 4, unsafe: true },
      inputs: [...held, 9].map(x => Float32Array.of(x)),
      byzantine: { peers: [4], attack: swarmAttack('mirror', camps) },
      conditions: {
        ...calmConditions,
        scheduler: { kind: 'mute', late, delayMs: 500 },
        calmAtMs: 10_000,
      },
    })
  const { outputs, iterations } = world({ peers: 5, maxFaulty: 1, honest: [0, 1, 2, 3] })
  t.deepEqual(
    outputs.slice(0, 4).map(vector => vector?.[0]),
    held,
  )
  t.deepEqual(
    iterations.map(({ contraction }) => contraction),
    [1, 1, 1, 1],
  )
})

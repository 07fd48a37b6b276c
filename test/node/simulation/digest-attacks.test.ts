/** Attacks on the exchange by digest: the honest peers agree all the same, and see what is a fault as one. */
import test from 'ava'
import { diameter } from '../../../agreement/vector.ts'
import { collectAdversaryView } from '../../../learning/attacks/byzantine.ts'
import { attackNamed, digestAttackNames } from '../../../learning/attacks/registry.ts'
import { simulateAgreement } from '../../../node/simulation/agree.ts'
import { normals, seal, slotAt } from '../../agreement/harness.ts'

/** The kinds of faults that honest peers see in peer 6, the liar. */
function faultsOf(name: string, protocol: 'mda' | 'rb-tm', digestFrom?: number): readonly string[] {
  const inputs = normals(1, 7, 4)
  const { violation, outputs, faults } = simulateAgreement({
    settings: {
      protocol,
      synchrony: 'asynchronous',
      peers: 7,
      maxFaulty: 1,
      dimension: 4,
      iterations: 6,
      ...(digestFrom !== undefined && { digestFrom }),
      graceMs: 20,
      timeoutMs: 1000,
      payloadMs: 250,
      unsafe: false,
    },
    inputs,
    byzantine: { peers: [6], attack: attackNamed(name) },
    seed: 1,
  })
  if (violation !== null) throw new Error(`${name}, ${protocol}: ${violation.checker}: ${violation.detail}`)
  const out = outputs.slice(0, 6).filter(output => output !== null)
  if (out.length < 6 || diameter(out) > diameter(inputs.slice(0, 6)) / 2) throw new Error('no agreement')
  return [...new Set(faults.map(({ fault }) => fault.kind))].sort()
}

test('each attack does what it says where vectors travel by digest', t => {
  t.deepEqual(faultsOf('withhold', 'mda', 0), [])
  t.deepEqual(faultsOf('partial', 'mda', 0), [])
  t.deepEqual(faultsOf('withhold', 'rb-tm', 0), [])
  t.deepEqual(faultsOf('partial', 'rb-tm', 0), [])
  for (const protocol of ['mda', 'rb-tm'] as const) {
    const swapped = faultsOf('swap', protocol, 0)
    t.true(swapped.includes('not-finite') || swapped.includes('wrong-dimension'), swapped.join())
    t.true(faultsOf('beg', protocol, 0).includes('excessive-requests'))
  }
})

test('where vectors travel whole they are harmless, too', t => {
  t.is(digestAttackNames.length, 4)
  for (const name of digestAttackNames) t.notThrows(() => faultsOf(name, 'rb-tm'), name)
})

test('a rushing liar on a real network counts those who have given their digests', t => {
  const view = collectAdversaryView(2)
  const { digest, signature, vector } = seal(Float32Array.of(1))
  view.collect({ kind: 'digest', slot: slotAt(1), digest, signature })
  t.false(view.complete(slotAt(0)))
  t.deepEqual(view.honest(slotAt(0)), [])
  view.collect({ kind: 'vector', slot: slotAt(2), sealed: { vector, digest, signature } })
  t.true(view.complete(slotAt(0)))
  t.deepEqual(view.honest(slotAt(0)), [vector])
})

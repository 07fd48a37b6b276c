/** The attack backdoor by name: its parameters, and where it cannot stand. */
import test from 'ava'
import { poisonsData } from '../../../learning/attacks/attack.ts'
import { AttackError, attackNamed, dataAttackNames } from '../../../learning/attacks/registry.ts'

test('backdoor: class 0, three pixels, half of a batch, unless others are named', t => {
  t.deepEqual(attackNamed('backdoor').backdoor, { target: 0, side: 3, share: 0.5 })
  t.deepEqual(attackNamed('backdoor:target=7,side=4,share=0.25').backdoor, {
    target: 7,
    side: 4,
    share: 0.25,
  })
  t.regex(attackNamed('backdoor:target=7').did, /as if they were of class 7/)
})

test('what is sent is what was learnt: the peer’s own vector', t => {
  const own = Float32Array.of(1, 2)
  const sight = {
    slot: { step: 1, phase: 'gradient', iteration: 0, sender: 3 },
    recipient: 0,
    peers: 4,
    maxFaulty: 1,
    own,
    honest: [],
    random: () => 0,
    rule: () => own,
    shared: new Map(),
  } as const
  t.is(attackNamed('backdoor').forge(sight), own)
  for (const name of dataAttackNames) t.true(poisonsData(attackNamed(name)), name)
  t.false(poisonsData(attackNamed('mimic')))
})

for (const [reference, message] of [
  ['backdoor:target=1.5', /target is 1\.5; expected the number of a class/],
  ['backdoor:target=-1', /target is -1/],
  ['backdoor:side=0', /side is 0; expected a whole number of pixels, from 1/],
  ['backdoor:share=0', /share is 0; expected a share of a batch, above 0 and at most 1/],
  ['backdoor:share=1.1', /share is 1\.1/],
  ['backdoor:label=1', /its parameters are target, side, share/],
  ['late+backdoor', /it poisons the data/],
] as const)
  test(`${reference} is refused`, t => {
    t.throws(() => attackNamed(reference), { instanceOf: AttackError, message })
  })

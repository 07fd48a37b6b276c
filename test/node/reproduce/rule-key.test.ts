/** The key of a stored run: other parameters or another start of its rule are another run. */
import test from 'ava'
import { experimentNamed } from '../../../node/reproduce/registry.ts'
import { keyOf } from '../../../node/reproduce/results.ts'
import { ruleKey, ruleOf } from '../../../node/reproduce/rule-key.ts'

const settings = { quick: true, seeds: 1, data: [{ name: 'toy', path: 'toy' }] }
const line = (...values: number[]) => values.map(value => Float32Array.of(value))

test('a key holds parameters, in order of their names, and the start of centered clipping alone', t => {
  t.deepEqual(ruleKey('cwtm'), { rule: 'cwtm', parameters: '', start: null })
  t.deepEqual(ruleKey('nnm+cc', { tau: 1, passes: 3 }), {
    rule: 'nnm+cc',
    parameters: 'passes=3 tau=1',
    start: 'previous',
  })
})

test('the rule of a key is the rule with those parameters, from that start', t => {
  const previous = Float32Array.of(10)
  const vectors = line(12, 12, 12)
  const from = (start: 'previous' | 'origin', tau: number) =>
    ruleOf({ ...ruleKey('cc', { tau }), start }).aggregate(vectors, 0, { previous })[0]
  t.is(from('previous', 1), 11)
  t.is(from('origin', 1), 1)
  t.is(from('previous', 0.5), 10.5)
  t.throws(() => ruleOf({ rule: 'cwtm', parameters: 'tau=1', start: null }), { message: /no parameter tau/ })
})

for (const name of ['resam', 'cge', 'lenet'])
  test(`${name}: a stored run of other parameters, another start, step size or rule for what is missing is not taken`, t => {
    const plan = experimentNamed(name)!.configurations(settings)
    const config = plan.find(({ rule }) => rule === (name === 'resam' ? 'cc' : 'cge'))!
    for (const change of [{ parameters: 'tau=2' }, { start: 'origin' }, { rate: 0.3 }, { missing: 'x' }])
      t.not(keyOf(config), keyOf({ ...config, ...change }))
    // Runs stored before these were in the key do not match either.
    for (const field of ['parameters', 'start', 'rate', 'missing']) {
      t.true(field in config, field)
      const { [field]: _, ...before } = config
      t.not(keyOf(config), keyOf(before))
    }
  })

test('the parameters in the plans: radius 1 of CC, two vectors of multi-Krum, the groups of MoM', t => {
  const chosen = (name: string, rule: string) => [
    ...new Set(
      experimentNamed(name)!
        .configurations({ ...settings, quick: false })
        .filter(config => config.rule === rule)
        .map(({ parameters, start }) => `${parameters} ${start}`),
    ),
  ]
  t.deepEqual(chosen('resam', 'cc'), ['tau=1 previous'])
  t.deepEqual(chosen('cge', 'multi-krum-original'), ['m=2 null'])
  t.deepEqual(chosen('cge', 'gmom'), ['k=5 null'])
})

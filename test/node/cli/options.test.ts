/** Common options → a scenario: who lies, what the cohort agrees on, and the refusals. */
import test from 'ava'
import type { Option } from '../../../node/cli/command.ts'
import { type ScenarioValues, scenarioOf, scenarioOptions } from '../../../node/cli/options.ts'
import { decimal, integer, largeInteger, oneOf, orNone, pair } from '../../../node/cli/parse.ts'
import { serverScenario } from '../../../node/cli/server-learning.ts'
import { type RunValues, runOptions } from '../../../node/cli/simulate-options.ts'

function values(changes: Partial<ScenarioValues> = {}): ScenarioValues {
  const options: Readonly<Record<string, Option<unknown>>> = scenarioOptions
  const defaults = Object.fromEntries(Object.entries(options).map(([key, { fallback }]) => [key, fallback]))
  return { ...(defaults as unknown as ScenarioValues), ...changes }
}

test('by default the most faults that the protocol allows, all of them real', t => {
  const cases = [
    ['mda', 7, 1],
    ['mda', 13, 2],
    ['icwtm', 7, 1],
    ['icwtm', 11, 2],
    ['rb-tm', 4, 1],
    ['rb-tm', 7, 2],
    ['cva', 7, 0],
  ] as const
  for (const [protocol, peers, faults] of cases) {
    const { settings, liars } = scenarioOf(values({ protocol, peers }))
    t.is(settings.faults, faults, protocol)
    t.is(liars.length, faults)
  }
})

test('the last peers lie, and nobody has an attack where nobody lies', t => {
  t.deepEqual(scenarioOf(values({ peers: 13 })).liars, [11, 12])
  t.is(scenarioOf(values()).attack?.name, 'sign-flip')
  const honest = scenarioOf(values({ byzantine: 0 }))
  t.deepEqual(honest.liars, [])
  t.is(honest.attack, null)
  t.is(honest.settings.faults, 1)
})

test('liars that are named are these, in a cohort and around a server', t => {
  const named = (text: string) => scenarioOptions.liars.parse!(text, '--liars')
  const liarsOf = (text: string, changes: Partial<ScenarioValues> = {}) =>
    scenarioOf(values({ peers: 13, liars: named(text), ...changes })).liars
  t.deepEqual(liarsOf('7,0'), [0, 7])
  t.deepEqual(liarsOf('12', { byzantine: 1 }), [12])
  t.deepEqual(liarsOf('none', { attack: 'little' }), [])
  t.deepEqual(liarsOf('0', { peers: 3, unsafe: true, attack: 'little' }), [0])
  for (const text of ['', '1,', '1,1', '01', '-1', 'all'])
    t.throws(() => named(text), { message: /--liars is ".*expected numbers of peers, each once/ })
  t.throws(() => liarsOf('13'), { message: /--liars names peer 13; expected peers from 0 to 12/ })
  t.throws(() => liarsOf('0,1', { byzantine: 1 }), { message: /--byzantine is 1, and --liars names 2/ })
  t.throws(() => liarsOf('0,1,2'), { message: /more than the f = 2/ })
  t.throws(() => liarsOf('0,1', { peers: 2, unsafe: true }), { message: /--liars names 2, of 2 peers/ })

  const server = (liars: string, changes: Partial<RunValues> = {}) => {
    const defaults = Object.fromEntries(
      Object.entries(runOptions).map(([key, { fallback }]) => [key, fallback]),
    )
    return serverScenario({ ...(defaults as RunValues), liars: named(liars), ...changes }, null).liars
  }
  t.deepEqual(server('0,2'), [0, 2])
  t.deepEqual(server('none', { faults: 0 }), [])
  t.throws(() => server('0,1', { faults: 1 }), { message: /more than f = 1/ })
  t.throws(() => server('0', { rotating: true }), { message: /--rotating lets other workers lie/ })
})

test('flags become the fields of a cohort', t => {
  const changed = values({
    synchronous: true,
    peers: 6,
    grace: 7,
    syncTimeout: 8,
    iterations: [2, 3],
    clip: null,
  })
  const { settings } = scenarioOf(changed)
  t.is(settings.synchrony, 'synchronous')
  t.is(settings.faults, 1)
  t.is(settings.graceMs, 7)
  t.is(settings.timeoutMs, 8)
  t.deepEqual(settings.iterations, { gradient: 2, parameters: 3 })
  t.is(settings.clip, null)
  for (const name of ['dropout', 'classWeights'])
    t.false(name in settings, 'what is not set is no part of the cohort')
  t.is(scenarioOf(values({ classWeights: 'balanced' })).settings.classWeights, 'balanced')
  t.is(scenarioOf(values({ dropout: 0.2 })).settings.dropout, 0.2)
  t.false('grace' in settings || 'peers' in settings || 'attack' in settings)
})

test('unsafe runs below the bound, and with more liars than f', t => {
  t.throws(() => scenarioOf(values({ peers: 5, protocol: 'icwtm', faults: 1 })), { message: /5f \+ 1 = 6/ })
  t.is(scenarioOf(values({ peers: 5, protocol: 'icwtm', faults: 1, unsafe: true })).settings.faults, 1)
  t.throws(() => scenarioOf(values({ byzantine: 2 })), { message: /--byzantine is 2/ })
  t.deepEqual(scenarioOf(values({ byzantine: 2, unsafe: true })).liars, [5, 6])
  t.throws(() => scenarioOf(values({ byzantine: 7, unsafe: true })), { message: /expected at most 6/ })
})

test('numbers are read strictly', t => {
  const whole = integer({ min: 1, max: 9 })
  t.is(whole('7', '--x'), 7)
  for (const bad of ['', ' ', '7.0', '1e3', '0x3', '0', '10', 'NaN', '7 peers', '99999999999999999999'])
    t.throws(() => whole(bad, '--x'), {
      message: /^--x is ".*"; expected a whole number, at least 1 and at most 9$/,
    })
  const share = decimal({ above: 0, below: 1 })
  t.is(share('2.5e-1', '--x'), 0.25)
  t.is(share('.5', '--x'), 0.5)
  for (const bad of ['0', '1', 'Infinity', '1e999', '0,5', ''])
    t.throws(() => share(bad, '--x'), { message: /above 0 and below 1/ })
})

test('a large whole number may be written with underscores or an exponent, where it is exact', t => {
  const large = largeInteger({ min: 1 })
  for (const good of ['1000000', '1_000_000', '1e6', '1.0E6', '0.1e7']) t.is(large(good, '--x'), 1_000_000)
  t.is(large('11.7e6', '--x'), 11_700_000)
  for (const bad of [
    '',
    '1.5',
    '1.5e0',
    '1e-6',
    '1e16',
    '1e400',
    '_1',
    '1_',
    '0',
    '1__0',
    '1.00000000000000001e6',
  ])
    t.throws(() => large(bad, '--x'), { message: /^--x is ".*"; expected a whole number, at least 1/ })
})

test('a long row of digits that is no number is refused at once', t => {
  for (const end of ['x', '.x', 'e', '.1.'])
    t.throws(() => decimal()('1'.repeat(100_000) + end, '--x'), { message: /^--x is .*; expected a number$/ })
  for (const [value, number] of [
    ['1.', 1],
    ['.5', 0.5],
    ['-1.25e-2', -0.0125],
  ] as const)
    t.is(decimal()(value, '--x'), number)
})

test('pairs, names and none', t => {
  t.deepEqual(pair('2,3', '--x'), [2, 3])
  for (const bad of ['2', '0,1', '1,2,3', 'a,b']) t.throws(() => pair(bad, '--x'), { message: /such as 1,1/ })
  t.is(oneOf(['a', 'b'])('b', '--x'), 'b')
  t.throws(() => oneOf(['last', 'drawn'])('lats', '--x'), { message: /did you mean last\?/ })
  t.is(orNone(decimal())('none', '--x'), null)
  t.is(orNone(decimal())('2', '--x'), 2)
})

test('a quorum becomes a field of the cohort, fewer faults are then the most, and a wrong one is refused', t => {
  const { settings } = scenarioOf(values({ peers: 13, quorum: 10 }))
  t.is(settings.quorum, 10)
  t.is(settings.faults, 1, 'with all 12 that can be waited for it would be 2')
  t.false('quorum' in scenarioOf(values({ peers: 13 })).settings)
  const refused = (changes: Parameters<typeof values>[0]) =>
    t.throws(() => scenarioOf(values(changes))).message
  t.regex(
    refused({ peers: 13, faults: 2, quorum: 10 }),
    /--faults is 2, --quorum is 10: mda needs q ≥ .* = 11 .*--unsafe/,
  )
  t.regex(refused({ peers: 13, faults: 2, quorum: 12, unsafe: true }), /at most 11$/)
  t.regex(refused({ peers: 13, faults: 2, quorum: 11, synchronous: true }), /waits for all 13/)
  t.is(scenarioOf(values({ peers: 13, faults: 2, quorum: 10, unsafe: true })).settings.quorum, 10)
})

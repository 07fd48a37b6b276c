/** Protocols of the user's: variants that run, what is not checked of them, and files that cannot be used. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { bounds, iterationsFor, mostFaults } from '../../../agreement/bounds.ts'
import { protocolNamed } from '../../../agreement/protocols/registry.ts'
import { refusalOf } from '../../../agreement/refusal.ts'
import { uncheckedOf } from '../../../node/checkers/unchecked.ts'
import { loadProtocol, loadRuleProtocol } from '../../../node/files/protocol-file.ts'
import { agree } from '../../../node/simulation/try-agreement.ts'

async function file(t: ExecutionContext, name: string, text: string): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  await writeFile(join(path, name), text)
  return join(path, name)
}

const unusable: readonly (readonly [string, string, RegExp])[] = [
  [
    'none.ts',
    'export const rule = () => 1',
    /exports no protocol; it exports rule; expected: export const protocol/,
  ],
  ['empty.ts', 'export const protocol = {}', /protocol has neither rule nor create; expected one of the two/],
  ['both.ts', 'export const protocol = { rule() {}, create() {} }', /protocol has both rule and create/],
  [
    'beside.ts',
    'export const protocol = { create() {}, needed() {} }',
    /expected no form, needed or givesOwn/,
  ],
  [
    'form.ts',
    'export const protocol = { form: "star", rule() {} }',
    /protocol\.form: .*"standard"\|"broadcast"/,
  ],
  ['claims.ts', 'export const protocol = { rule() {}, guarantees: {} }', /protocol: .*"guarantees"/],
  ['text.ts', 'export const protocol = { rule: "mean" }', /protocol\.rule: expected a function/],
]

for (const [name, text, message] of unusable)
  test(`a file without a usable protocol: ${name}`, async t => {
    await t.throwsAsync(loadProtocol(await file(t, name, text)), { code: 'OWN_EXPORT', message })
  })

test('nothing is known of a protocol of the user’s, and everything says so', async t => {
  const path = await file(t, 'mine.ts', 'export const protocol = { rule: ({ vectors }) => vectors[0] }')
  const protocol = await loadProtocol(path)
  t.regex(protocol, /^mine\.ts@[0-9a-f]{12}$/)
  t.is(await loadProtocol(path), protocol)
  const query = { protocol, peers: 7, maxFaulty: 2, synchrony: 'asynchronous' } as const
  const { feasible, why, contraction, averagingConstant, iterations, needs } = bounds({
    ...query,
    dimension: 3,
  })
  t.false(feasible)
  t.is(why, `nothing is known of what ${protocol} guarantees`)
  t.deepEqual([contraction, averagingConstant, iterations.tight, needs.peers], [null, null, null, null])
  t.is(iterationsFor(query, 1, 'tight'), null)
  t.is(mostFaults(protocol, 7, 'asynchronous'), 2)
  t.is(refusalOf(query), null)
  t.is(refusalOf({ ...query, maxFaulty: 7 })?.reason, 'nobody-honest')
  t.deepEqual(uncheckedOf(protocol), ['averaging agreement'])
  t.deepEqual(uncheckedOf('mda'), [])
})

test('a rule by name in the exchange of the standard form, with its parameters in the name', async t => {
  const protocol = await loadRuleProtocol('nnm+multi-krum', { m: 2 })
  t.is(protocol, 'standard-form@nnm+multi-krum(m=2)')
  t.is(protocolNamed(protocol).form, 'standard')
  await t.throwsAsync(loadRuleProtocol('krumm', {}), { code: 'unknown-rule' })
})

test('a protocol may need more vectors than n − f: with a silent peer it then waits, and nothing checks that it ends', async t => {
  const path = await file(
    t,
    'all.ts',
    'export const protocol = { rule: ({ vectors }) => vectors[0], needed: n => n }',
  )
  const protocol = await loadProtocol(path)
  t.deepEqual(uncheckedOf(protocol), ['averaging agreement', 'termination'])
  const silent = agree({ protocol, peers: 5, maxFaulty: 1, attack: 'silence', iterations: 1 })
  t.deepEqual([silent.diameter.after, silent.violation], [null, null])
  const loud = agree({ protocol, peers: 5, maxFaulty: 1, attack: 'sign-flip', iterations: 1 })
  t.is(loud.diameter.after, 0)
  t.is(loud.iterations[0]!.shared, 5)
})

test('a count of vectors that no iteration can have is an error that names the file', async t => {
  const path = await file(
    t,
    'none.ts',
    'export const protocol = { rule: ({ own }) => own, needed: n => n + 1 }',
  )
  const protocol = await loadProtocol(path)
  t.throws(() => agree({ protocol, peers: 5 }), {
    code: 'OWN_RESULT',
    message: /none\.ts@\w{12}: needed gives 6; expected a whole number from 1 to 5/,
  })
})

test('a variant of RB-TM travels by reliable broadcast', async t => {
  const path = await file(
    t,
    'middle.ts',
    `import { cwmed } from 'concord/agreement'
     export const protocol = { form: 'broadcast', rule: ({ vectors }) => cwmed(vectors) }`,
  )
  const protocol = await loadProtocol(path)
  const setup = { peers: 7, maxFaulty: 1, iterations: 2, attack: 'equivocate' } as const
  const ours = agree({ ...setup, protocol: 'rb-tm' })
  const own = agree({ ...setup, protocol })
  t.is(own.messages, ours.messages)
  t.notDeepEqual(own.outputs, ours.outputs)
  t.is(own.violation, null)
  t.true(own.iterations.every(({ shared }) => shared! >= 6))
})

test('a whole state machine of one’s own, built from ours', async t => {
  const path = await file(
    t,
    'wrapped.ts',
    `import { createAveraging } from 'concord/agreement'
     export const protocol = { create: options => createAveraging({ ...options, protocol: 'icwtm' }) }`,
  )
  const protocol = await loadProtocol(path)
  t.deepEqual(uncheckedOf(protocol).slice(-1), ['termination'])
  const setup = { peers: 6, maxFaulty: 1, iterations: 3 } as const
  const [own, ours] = [agree({ ...setup, protocol }), agree({ ...setup, protocol: 'icwtm' })]
  t.deepEqual(own.outputs, ours.outputs)
  t.not(own.unguaranteed, null)
  t.is(ours.unguaranteed, null)
})

for (const [name, create, message] of [
  ['no machine', '() => ({})', /create gives no input; expected an Averaging/],
  [
    'no effects',
    '() => ({ input() {}, receive() {}, waitingFor: () => [] })',
    /input gives no list of messages/,
  ],
  ['throws', '() => { throw new Error("not me") }', /create throws: .*not me/],
] as const)
  test(`a state machine that is none: ${name}`, async t => {
    const protocol = await loadProtocol(
      await file(t, 'odd.ts', `export const protocol = { create: ${create} }`),
    )
    t.throws(() => agree({ protocol, peers: 4, iterations: 1 }), { name: 'OwnFileError', message })
  })

/** Cohort files: what is wrong is told with file, field, value and what would be right. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { CohortError, checkCohort, formatCohort, parseCohort, readCohort } from '../../../node/cohort/file.ts'
import { cohortDocument, memberId, members, testCohort } from '../cohorts.ts'

/** What a file with these changes is told. A value of undefined leaves the field out. */
function complaint(changes: Readonly<Record<string, unknown>>): { code: string; message: string } {
  try {
    parseCohort(stringify(cohortDocument(changes)), 'c.yaml')
  } catch (error) {
    if (error instanceof CohortError) return { code: error.code, message: error.message }
    throw error
  }
  return { code: 'none', message: '' }
}

/** Seven members, the third of them changed. */
function withThird(changes: Readonly<Record<string, unknown>>) {
  return { members: members(7).map((member, i) => (i === 2 ? { ...member, ...changes } : member)) }
}

test('a file comes back as it was written', t => {
  const cohort = testCohort({ clip: 2, synchrony: 'synchronous', schedule: 'log' })
  t.deepEqual(parseCohort(formatCohort(cohort), 'c.yaml'), cohort)
})

test('what is left out gets its default', t => {
  const {
    graceMs,
    iterations,
    members: parsed,
    unsafe,
  } = parseCohort(
    stringify(cohortDocument({ members: members(7).map(({ name, id }) => ({ name, id })) })),
    'c.yaml',
  )
  t.deepEqual(
    { graceMs, iterations, unsafe },
    { graceMs: 20, iterations: { gradient: 1, parameters: 1 }, unsafe: false },
  )
  t.deepEqual(parsed[0]!.addresses, [])
})

test('text that is not YAML is told with its line and column', t => {
  const error = t.throws(() => parseCohort('name: a\nmembers: [\n', 'c.yaml'), { instanceOf: CohortError })
  t.is(error?.code, 'cohort-syntax')
  t.regex(error?.message ?? '', /^c\.yaml, line 3, column 1: not YAML/)
  t.throws(() => parseCohort('a: 1\na: 2\n', 'c.yaml'), {
    message: /c\.yaml, line 2, column 1: not YAML: .*unique/,
  })
})

test('YAML that a cohort file has no use for is told with its place: aliases, and fields named by a list', t => {
  t.throws(() => parseCohort('name: &n a\nmembers: *n\n', 'c.yaml'), {
    message: /c\.yaml, line 2, column 10: \*n is an alias; expected the value itself/,
  })
  t.throws(() => parseCohort('name: a\n[/ip4/10.0.0.4/tcp/4001]: b\n', 'c.yaml'), {
    message: /c\.yaml, line 2, column 1: a list or a mapping before a colon; expected the name of a field/,
  })
})

test('a file that is no list of fields at all is told so', t => {
  for (const text of ['', '- 1\n- 2\n', 'hello'])
    t.throws(() => parseCohort(text, 'c.yaml'), {
      instanceOf: CohortError,
      message: /^c\.yaml .*expected a group of named fields/,
    })
})

test('a missing field is named, with what belongs there', t => {
  t.deepEqual(complaint({ steps: undefined }), {
    code: 'cohort-field-missing',
    message: 'c.yaml: steps is missing; expected a number',
  })
  t.regex(complaint({ members: undefined }).message, /members is missing; expected a list/)
  t.regex(complaint(withThird({ id: undefined })).message, /members\[2\]\.id is missing; expected a text/)
})

test('an unknown field is named, with the near one', t => {
  t.deepEqual(complaint({ fautls: 1 }), {
    code: 'cohort-field-unknown',
    message: 'c.yaml: unknown field fautls; did you mean faults?',
  })
  // Misspelt, it is both unknown and missing: said once, as misspelt.
  t.regex(complaint({ stpes: 3, steps: undefined }).message, /unknown field stpes; did you mean steps\?/)
  t.regex(
    complaint(withThird({ adresses: [] })).message,
    /members\[2\]: unknown field adresses; did you mean addresses\?/,
  )
  t.regex(
    complaint({ iterations: { gradient: 1, parameters: 1, zzz: 2 } }).message,
    /iterations: unknown field zzz; the fields are gradient, parameters/,
  )
  t.regex(complaint({ xyzzyx: 1 }).message, /unknown field xyzzyx; the fields are name, members, faults/)
})

test('a value of the wrong kind or out of range is shown with the range', t => {
  const cases: readonly [Record<string, unknown>, RegExp][] = [
    [{ steps: 'many' }, /steps is "many"; expected a number/],
    [{ steps: 1.5 }, /steps is 1\.5; expected a whole number/],
    [{ steps: 0 }, /steps is 0; expected a .*number, at least 1/],
    [{ faults: -1 }, /faults is -1; expected a .*number, at least 0/],
    [{ rate: 0 }, /rate is 0; expected a number, more than 0/],
    [{ momentum: 1 }, /momentum is 1; expected a number, less than 1/],
    [{ unsafe: 'yes' }, /unsafe is "yes"; expected true or false/],
    [{ protocol: 'mdaa' }, /protocol is "mdaa"; expected one of mda, cva, .*did you mean mda\?/],
    [{ model: 'mlpp' }, /model is "mlpp"; expected one of .*did you mean mlp\?/],
    [{ dropout: 0 }, /dropout is 0; expected a number, more than 0/],
    [{ classWeights: 'none' }, /classWeights is "none"; expected one of balanced/],
    [
      { classWeights: 'balanced', model: 'mean' },
      /classWeights is balanced, which model mean does not take; expected none, or .*: softmax, mlp, .*svm$/,
    ],
    [{ dropout: 1 }, /dropout is 1; expected a number, less than 1/],
    [
      { dropout: 0.5 },
      /dropout is 0\.5, which model softmax does not take; expected none, or .*: mlp, mlp:64,64$/,
    ],
    [{ model: 'mlp:64,0' }, /model is "mlp:64,0"; expected mlp: and the sizes .* such as mlp:64,64$/],
    [{ iterations: { gradient: 0, parameters: 1 } }, /iterations\.gradient is 0; expected .*at least 1/],
    [{ members: [] }, /members is \[\]; expected at least 1 of them/],
  ]
  for (const [changes, expected] of cases) {
    const { code, message } = complaint(changes)
    t.is(code, 'cohort-field-invalid', message)
    t.regex(message, expected)
  }
})

test('a member named or keyed twice is told with both places', t => {
  t.deepEqual(complaint(withThird({ name: 'peer-0' })), {
    code: 'cohort-member-twice',
    message: 'c.yaml: members[2].name is "peer-0", as members[0].name is; expected a name of its own',
  })
  const { code, message } = complaint(withThird({ id: memberId(1) }))
  t.is(code, 'cohort-member-twice')
  t.true(message.includes('members[2].id (peer-2)') && message.includes('members[1].id (peer-1)'), message)
})

test('a peer id that is none, or of another kind of key, is refused', t => {
  const rsa = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
  for (const id of ['alice', memberId(2).slice(0, -1), rsa]) {
    const { code, message } = complaint(withThird({ id }))
    t.is(code, 'cohort-member-id')
    t.true(message.includes('members[2].id') && message.includes(id) && message.includes('12D3KooW'), message)
  }
})

test('a bad address is shown with what is wrong and what one looks like', t => {
  const cases: readonly [string, RegExp][] = [
    ['192.168.1.5:4001', /./],
    ['/ip4/999.1.1.1/tcp/4001', /./],
    ['/ip4/192.168.1.5', /it names neither a TCP port nor one for QUIC/],
    ['/ip4/192.168.1.5/udp/4001', /it names neither a TCP port nor one for QUIC/],
    ['/dns4/peer.example/udp/4001/quic-v1', /QUIC needs the IP address itself/],
    ['/tcp/4001', /it begins with no host/],
    [`/ip4/192.168.1.5/tcp/4001/p2p/${memberId(5)}`, /another peer/],
  ]
  for (const [address, why] of cases) {
    const { code, message } = complaint(withThird({ addresses: ['/ip4/10.0.0.1/tcp/1', address] }))
    t.is(code, 'cohort-address', address)
    t.true(message.includes('members[2].addresses[1]') && message.includes(address.slice(0, 20)), message)
    t.regex(message, /\/ip4\/192\.168\.1\.5\/tcp\/4001$/)
    t.regex(message, why)
  }
  const own = [
    `/dns4/peer.example/tcp/4001/p2p/${memberId(2)}`,
    '/ip6/::1/tcp/4001',
    '/ip4/10.0.0.1/udp/41/quic-v1',
  ]
  t.is(complaint(withThird({ addresses: own })).code, 'none')
})

test('below the bound of its protocol a cohort is refused, unless it says unsafe', t => {
  const { code, message } = complaint({ members: members(6) })
  t.is(code, 'cohort-bound')
  t.regex(
    message,
    /mda needs n ≥ 6f \+ 1 = 7 peers to tolerate f = 1 .*there are 6.*7 peers would do, or f = 0 with 6/,
  )
  t.is(complaint({ members: members(6), unsafe: true }).code, 'none')
  const few = complaint({ members: members(9), quorum: 6 })
  t.is(few.code, 'cohort-bound')
  t.regex(
    few.message,
    /faults is 1, quorum is 6: mda needs q ≥ .* = 7 .*; q from 7 to 8 would do.*unsafe: true/,
  )
  t.is(complaint({ members: members(9), quorum: 7 }).code, 'none')
  const none = complaint({ faults: 3, unsafe: true })
  t.is(none.code, 'cohort-bound')
  t.regex(none.message, /faults is 3: nothing is left to average, unsafe or not: mda needs/)
  t.regex(
    complaint({ faults: 7, unsafe: true }).message,
    /faults is 7: at least one of 7 peers must be honest; expected at most 6/,
  )
})

test('a value that is no document at all is a finding too, never a crash', t => {
  for (const value of [null, undefined, 3, 'x', [[]], { members: { name: 1 } }, { members: [null] }])
    t.throws(() => checkCohort(value, 'c.yaml'), { instanceOf: CohortError })
})

test('a file that is not there is named, with the command that makes one', async t => {
  await t.throwsAsync(readCohort('/nowhere/c.yaml'), {
    instanceOf: CohortError,
    code: 'cohort-missing',
    message: /\/nowhere\/c\.yaml: no such cohort file; .*cohort create/,
  })
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await t.throwsAsync(readCohort(folder), { instanceOf: CohortError, code: 'cohort-unreadable' })
  await writeFile(join(folder, 'c.yaml'), formatCohort(testCohort()))
  t.deepEqual(await readCohort(join(folder, 'c.yaml')), testCohort())
})

test('a rule for the first iteration on gradients must be one, and stand f liars among the vectors waited for', t => {
  t.is(complaint({ gradientRule: 'nnm+cwtm' }).code, 'none')
  const unknown = complaint({ gradientRule: 'nnm+cwmt' })
  t.is(unknown.code, 'cohort-field-invalid')
  t.regex(unknown.message, /c\.yaml.*gradientRule.*no rule is called "cwmt"/s)
  const unfit = complaint({ gradientRule: 'bucketing+bucketing' })
  t.is(unfit.code, 'cohort-field-invalid')
  t.regex(unfit.message, /gradientRule is bucketing\+bucketing: .* makes 2 vectors of 6/)
})

/** The hello tells two members in what their cohort files differ, and whether their clocks do. */

import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import type { Schema } from '../../../learning/data/schema.ts'
import { type Cohort, cohortId, fieldDigests, type Membership } from '../../../node/cohort/cohort.ts'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { HELLO_BYTES_MAX, PROTOCOL } from '../../../node/network/constants.ts'
import { describeMismatch } from '../../../node/network/handshake.ts'
import { decodeHello, differingFields, encodeHello, type Hello } from '../../../node/network/hello.ts'
import { createNetwork } from '../../../node/network/index.ts'
import { encodeParts } from '../../../node/network/schema-parts.ts'
import { describeSkew } from '../../../node/network/sessions.ts'
import { sizeOf } from '../../../node/ports.ts'
import { isPrintable } from '../../../node/text/printable.ts'
import { cohortOf, hostileNode, LOOPBACK, membersOf, openPeer, recorder, recordingLog } from './support.ts'

const helloOf = (cohort: Cohort): Hello => ({
  cohortId: cohortId(cohort),
  name: 'Ada',
  software: 'concord/1',
  fields: fieldDigests(cohort),
})
const members = membersOf(Array.from({ length: 64 }, createIdentity))
const cohort = cohortOf(members)

test('clock and fields come back as they were sent, and fit into the longest hello', t => {
  const hello = { ...helloOf(cohort), clockMs: 1_700_000_000_000 }
  t.deepEqual(decodeHello(encodeHello(hello)), hello)
  t.true(sizeOf(encodeHello(hello)) < HELLO_BYTES_MAX)
  const many = cohortOf(membersOf(Array.from({ length: 100 }, createIdentity)))
  t.true(sizeOf(encodeHello(helloOf(many))) < HELLO_BYTES_MAX)
})

test('exactly the fields that differ are named; addresses are none of them', t => {
  const mine = helloOf(cohort)
  const moved = members.map(member => ({ ...member, addresses: ['/ip4/10.0.0.1/tcp/1'] }))
  t.deepEqual(differingFields(mine, helloOf({ ...cohort, members: moved })), [])
  const other = members.map((member, i) => (i === 3 ? { ...member, name: 'Eve' } : member))
  const theirs = helloOf({ ...cohort, rate: 2, members: other, iterations: { gradient: 2, parameters: 1 } })
  t.deepEqual([...differingFields(mine, theirs)].sort(), ['iterations', 'members[3]', 'rate'])
  t.regex(
    describeMismatch(mine, theirs, undefined),
    /^its cohort file differs in iterations, rate, members\[3\] \(cohort/,
  )
  const { fields: _, ...silent } = theirs
  t.regex(describeMismatch(mine, silent, undefined), /^its cohort file is another one/)
})

const column = (name: string, missing = 0) => ({ name, type: 'number' as const, missing, indicator: false })
const tableOf = (columns: readonly ReturnType<typeof column>[], classes = ['well', 'ill']): Schema => ({
  kind: 'table',
  columns,
  target: { name: 'outcome', type: 'class', classes },
  unused: [],
})
const many = (count: number) => Array.from({ length: count }, (_, i) => column(`column ${i}`))
/** What a peer with the schema `mine` says of one with the schema `theirs`, whose hello has come over the wire. */
function told(mine: Schema, theirs: Schema): string {
  const [own, other] = [mine, theirs].map(schema => {
    const parts = encodeParts(schema)
    return { ...helloOf({ ...cohort, schema }), ...(parts && { parts }) }
  })
  const frame = encodeHello(other!)
  if (sizeOf(frame) >= HELLO_BYTES_MAX) throw new Error(`a hello of ${sizeOf(frame)} bytes`)
  const received = decodeHello(frame)!
  return describeMismatch(own!, received, mine).replace(/ \(cohort [0-9a-f]+, here [0-9a-f]+\)/, '')
}
test('schemas that differ: the column is named where it is known, and the counts on both sides', t => {
  const full = tableOf([...many(28), column('marker')])
  const lacking = tableOf(many(28))
  t.is(
    told(full, lacking),
    'its cohort file differs in schema.columns: it has 28 columns, this peer 29: "marker" is missing there; both must use the same file',
  )
  t.is(
    told(lacking, full),
    'its cohort file differs in schema.columns: it has 29 columns, this peer 28: 1 of its columns is missing here; both must use the same file',
  )
  t.regex(
    told(full, tableOf([...many(28), column('Marker')])),
    /it has 29 columns, this peer 29: "marker" is missing there, 1 of its columns is missing here;/,
  )
  t.regex(told(full, tableOf([...many(28), column('marker', 7)])), /: "marker" is described in another way;/)
  t.regex(
    told(tableOf(many(9)), tableOf([column('a')])),
    /it has 1 column, this peer 9: "column 0", .* and 4 more are missing there/,
  )
  t.is(
    told(full, tableOf([...many(28), column('marker')], ['ill', 'well'])),
    'its cohort file differs in schema.target; both must use the same file',
  )
})

test('schemas of images differ by their classes and their places', t => {
  const images = (classes: readonly string[]): Schema => ({
    kind: 'images',
    size: { width: 8, height: 8 },
    channels: 1,
    classes,
  })
  t.regex(
    told(images(['cat', 'dog']), images(['dog'])),
    /it has 1 class, this peer 2: "cat" is missing there, "dog" is described in another way/,
  )
  t.regex(
    told(images(['cat', 'dog']), { ...images(['cat', 'dog']), channels: 3 } as Schema),
    /differs in schema\.channels; both/,
  )
})

test('a schema of more columns than a hello can hold is compared by field alone', t => {
  t.is(
    told(tableOf(many(256)), tableOf(many(255))),
    'its cohort file differs in schema.columns: it has 255 columns, this peer 256: "column 255" is missing there; both must use the same file',
  )
  t.is(
    told(tableOf(many(257)), tableOf(many(256))),
    'its cohort file differs in schema.columns; both must use the same file',
  )
  t.is(
    told(tableOf(many(256)), tableOf(many(257))),
    'its cohort file differs in schema.columns; both must use the same file',
  )
})

test('digests that no schema has make a sentence of bounded length, or none', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), parts => {
      const received = decodeHello(encodeHello({ ...helloOf(cohort), cohortId: 'other', parts }))!
      t.true((received.parts?.length ?? 0) <= 8 * 256)
      const says = describeMismatch(helloOf(cohort), received, tableOf(many(20)))
      t.true(says.length < 400 && isPrintable(says))
    }),
    { numRuns: 50 },
  )
})

test('a member that names thousands of fields is not believed that many', t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 300 }), pairs => {
      const hello = decodeHello(encodeHello({ ...helloOf(cohort), fields: new Map(pairs) }))
      t.true((hello?.fields?.size ?? 0) <= 128)
      for (const text of hello?.fields ?? []) t.true(isPrintable(text.join('')))
    }),
    { numRuns: 50 },
  )
})

test('both sides of a pair with different files are told the field', async t => {
  const identities = [createIdentity(), createIdentity()]
  const peers = []
  const addresses: string[][] = [[], []]
  for (const self of [1, 0]) {
    const own = { ...cohortOf(membersOf(identities, addresses)), rate: self + 1 }
    const membership: Membership = { cohort: own, cohortId: cohortId(own), self }
    const transport = await createNetwork({
      membership,
      seed: identities[self]!.seed,
      listen: [LOOPBACK],
      mdns: false,
      dimension: 10,
      software: 'test/1',
      log: recordingLog(),
    })
    t.teardown(() => new Promise<void>(resolve => transport.stop(resolve)))
    addresses[self]!.push(...transport.addresses)
    peers.push({ ...recorder(), transport })
  }
  for (const { transport, events } of peers) transport.start(events)
  for (const { until } of peers) {
    const fault = await until(({ kind }) => kind === 'fault')
    t.like(fault, { fault: 'wrong-cohort' })
    t.true('detail' in fault && fault.detail.startsWith('its cohort file differs in rate (cohort'))
  }
})

test('a member whose clock is far off is admitted, and named in the log', async t => {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  honest.transport.start(honest.events)
  const node = await hostileNode(t, identities[0]!)
  const stream = await node.dialProtocol(multiaddr(honest.transport.addresses[0]!), PROTOCOL)
  const clockMs = Date.now() + 3 * 3_600_000
  const [hello] = encodeHello({ cohortId: 'c0ffee', name: 'late', software: 'test/1', clockMs })
  stream.send(encode.single(hello!))
  await honest.until(({ kind }) => kind === 'connected')
  t.true(honest.log.lines.some(({ text }) => text.startsWith('the clock of peer0 is 3 h ahead of this one')))
})

test('a skew is told in the unit that suits it', t => {
  t.is(describeSkew(90_000, 'it'), '90 s ahead of it')
  t.is(describeSkew(-150_000, 'it'), '3 min behind it')
  t.is(describeSkew(49 * 3_600_000, 'it'), '2 days ahead of it')
})

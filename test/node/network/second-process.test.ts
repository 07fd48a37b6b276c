/** A key that runs twice: the process that came first goes on, the other is told why it may not, and both operators know. */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { decodeHello, encodeHello } from '../../../node/network/hello.ts'
import { createRefusals, isSameProcess, isTurnedAway } from '../../../node/network/process-tally.ts'
import { decodeNotice, encodeNotice, refusalSentence } from '../../../node/network/second-process.ts'
import { isPrintable } from '../../../node/text/printable.ts'
import { bytesOf, isKind, manualClock, membersOf, openPeer, type RunningPeer, text } from './support.ts'

/** A member that runs, and an identity's first process that is connected with it. */
async function running(t: ExecutionContext, copied: 0 | 1) {
  const identities = [createIdentity(), createIdentity()]
  const other = 1 - copied
  const member = await openPeer(t, identities, other, membersOf(identities))
  const addresses = [[], []] as [string[], string[]]
  addresses[other]!.push(...member.transport.addresses)
  const open = async () => {
    const peer = await openPeer(t, identities, copied, membersOf(identities, addresses))
    peer.transport.start(peer.events)
    return peer
  }
  member.transport.start(member.events)
  const first = await open()
  await Promise.all([first.until(isKind('connected')), member.until(isKind('connected'))])
  return { member, first, open, other }
}

const secondOf = async (peer: RunningPeer) => {
  const report = await peer.until(isKind('second-process'))
  return report.kind === 'second-process' ? report.second : null
}

for (const copied of [0, 1] as const)
  test(`a copy of peer ${copied} is refused, and the first process goes on and is told`, async t => {
    const { member, first, open, other } = await running(t, copied)
    const copy = await open()
    t.like(await secondOf(copy), { by: [other], isRefused: true })
    t.like(await secondOf(first), { by: [other], isRefused: false })
    t.true(first.transport.send(other, text('still here')))
    await member.until(report => report.kind === 'frame' && report.bytes.toString() === 'still here')
    for (const peer of [member, first])
      t.false(peer.reports.some(({ kind }) => kind === 'disconnected' || kind === 'fault'))
    t.is(member.reports.filter(({ kind }) => kind === 'connected').length, 1)
    const said = member.log.lines.filter(
      ({ level, text: line }) => level === 'warn' && /was also started at/.test(line),
    )
    t.true(said.length > 0)
  })

test('what a copy sends before it is refused reaches nobody', async t => {
  const { member, open, other } = await running(t, 0)
  const copy = await open()
  await copy.until(isKind('connected'))
  copy.transport.send(other, text('from the copy'))
  await secondOf(copy)
  t.deepEqual(bytesOf(member.reports), [])
})

test('a process that has ended is followed by the next at once', async t => {
  const { member, first, open, other } = await running(t, 0)
  await first.stop()
  const next = await open()
  await next.until(isKind('connected'))
  next.transport.send(other, text('next'))
  await member.until(report => report.kind === 'frame' && report.bytes.toString() === 'next')
  t.false(next.reports.some(({ kind }) => kind === 'second-process'))
})

test('a process believes that its key runs elsewhere once more than f say so, and not for ever', t => {
  const clock = manualClock()
  const refusals = createRefusals(2, clock)
  t.is(refusals.add(4), null)
  t.is(refusals.add(4), null, 'the same one')
  t.is(refusals.add(1), null, 'both may lie')
  t.deepEqual(refusals.add(3), [1, 3, 4])
  clock.advance(61_000)
  t.is(refusals.add(5), null)
})

test('the same process, and one that does not say which it is, take the place of a session at once', t => {
  const [one, two] = [
    { number: 1, startedMs: 5 },
    { number: 2, startedMs: 5 },
  ]
  t.true(isSameProcess(one, { ...one, startedMs: 6 }))
  t.false(isSameProcess(one, two))
  t.true(isSameProcess(undefined, two))
  t.true(isSameProcess(one, undefined))
  t.true(isTurnedAway(one, two, true))
  t.false(isTurnedAway(one, two, false), 'the first is gone')
  t.false(isTurnedAway(one, one, true))
})

test('a hello and a notice come back as they were sent; what a liar writes into them is text and a date', t => {
  const hello = {
    cohortId: 'c0ffee',
    name: 'a',
    software: 'b',
    process: { number: 2 ** 46, startedMs: 1e12 },
  }
  t.deepEqual(decodeHello(encodeHello(hello)), hello)
  const notice = { address: '/ip4/10.0.0.1/tcp/4001', startedMs: 1_700_000_000_000, isRefused: true }
  t.deepEqual(decodeNotice(encodeNotice(notice)), notice)
  t.is(decodeNotice([Uint8Array.of(255, 255)]), null)
  t.is(decodeNotice(encodeNotice({ ...notice, address: '' })), null)
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      (address, startedMs) => {
        const read = decodeNotice(encodeNotice({ address, startedMs, isRefused: false }))
        t.true(read === null || isPrintable(read.address))
        if (read !== null) t.notThrows(() => refusalSentence({ ...read, by: [1] }, String))
      },
    ),
  )
})

test('the sentence with which a refused process ends names where its key runs, since when, and who says so', t => {
  const second = { address: '/ip4/10.0.0.1/tcp/4001', startedMs: 1_700_000_000_000, isRefused: true }
  t.is(
    refusalSentence({ ...second, by: [1, 2, 5] }, peer => `dora${peer}`),
    'this key already runs at /ip4/10.0.0.1/tcp/4001, since 2023-11-14 22:13:20 UTC (dora1, dora2 and dora5 say so): stop that process, or give this machine an identity of its own',
  )
  t.regex(
    refusalSentence({ ...second, by: [1] }, () => 'bob'),
    /\(bob says so\)/,
  )
})

/** The transport between processes, one of which is killed without warning and started again, or does not answer any more. */
import test from 'ava'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { echoes, startEcho } from './echo.ts'
import { isKind, membersOf, openPeer, text } from './support.ts'

test('a peer that is killed is missed, and found again when it is back', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const [[victim, victimAddresses], [, otherAddresses]] = await Promise.all([
    startEcho(t, identities, 1),
    startEcho(t, identities, 2),
  ])
  const peer = await openPeer(t, identities, 0, membersOf(identities, [[], victimAddresses, otherAddresses]))
  peer.transport.start(peer.events)
  await Promise.all(
    [1, 2].map(other => peer.until(report => report.kind === 'connected' && report.peer === other)),
  )
  await Promise.all([1, 2].map(other => echoes(peer, other, `hello ${other}`)))
  victim.kill('SIGKILL')
  t.like(await peer.until(isKind('disconnected')), { peer: 1 })
  t.false(peer.transport.send(1, text('anyone?')))
  await echoes(peer, 2, 'still here')
  const since = peer.reports.length
  await startEcho(t, identities, 1, Number(/tcp\/(\d+)/.exec(victimAddresses[0]!)![1]))
  t.like(await peer.until(isKind('connected'), since), { peer: 1 })
  await echoes(peer, 1, 'welcome back')
  t.deepEqual(peer.reports.filter(isKind('fault')), [])
})

test('a process that answers nothing any more, though its connection holds, is followed by the next', async t => {
  const identities = [createIdentity(), createIdentity()]
  const peer = await openPeer(t, identities, 1, membersOf(identities))
  peer.transport.start(peer.events)
  const members = membersOf(identities, [[], peer.transport.addresses])
  const [hung] = await startEcho(t, identities, 0, 0, [[], peer.transport.addresses])
  await peer.until(isKind('connected'))
  await echoes(peer, 0, 'alive')
  hung.kill('SIGSTOP')
  const next = await openPeer(t, identities, 0, members)
  next.transport.start(next.events)
  await peer.until(isKind('disconnected'))
  await next.until(isKind('connected'))
  t.true(next.transport.send(1, text('the next')))
  await peer.until(report => report.kind === 'frame' && String(report.bytes) === 'the next')
  t.false(next.reports.some(({ kind }) => kind === 'second-process'))
})

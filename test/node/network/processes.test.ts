/** The transport between processes, one of which is killed without warning and started again. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createIdentity, type Identity } from '../../../node/identity.ts'
import { isKind, membersOf, openPeer, type RunningPeer, text } from './support.ts'

async function startEcho(
  t: ExecutionContext,
  identities: readonly Identity[],
  self: number,
  port = 0,
): Promise<[ChildProcess, string[]]> {
  const seeds = identities.map(({ seed }) => Buffer.from(seed).toString('hex'))
  const child = fork(new URL('echo-process.ts', import.meta.url), [JSON.stringify({ seeds, self, port })])
  t.teardown(() => child.kill('SIGKILL'))
  const [addresses] = (await once(child, 'message')) as [string[]]
  return [child, addresses]
}

async function echoes(peer: RunningPeer, other: number, word: string): Promise<void> {
  const since = peer.reports.length
  if (!peer.transport.send(other, text(word))) throw new Error(`peer ${other} takes nothing`)
  await peer.until(
    report => report.kind === 'frame' && report.peer === other && String(report.bytes) === word,
    since,
  )
}

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

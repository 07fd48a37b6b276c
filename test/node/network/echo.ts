/** Peers in processes of their own (echo-process.ts), started and killed by tests, and a word to try them with. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import type { Identity } from '../../../node/cohort/identity.ts'
import { type RunningPeer, text } from './support.ts'

export async function startEcho(
  t: ExecutionContext,
  identities: readonly Identity[],
  self: number,
  port = 0,
  addresses: readonly (readonly string[])[] = [],
): Promise<[ChildProcess, string[]]> {
  const seeds = identities.map(({ seed }) => Buffer.from(seed).toString('hex'))
  const child = fork(new URL('echo-process.ts', import.meta.url), [
    JSON.stringify({ seeds, self, port, addresses }),
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const [own] = (await once(child, 'message')) as [string[]]
  return [child, own]
}

export async function echoes(peer: RunningPeer, other: number, word: string): Promise<void> {
  const since = peer.reports.length
  if (!peer.transport.send(other, text(word))) throw new Error(`peer ${other} takes nothing`)
  await peer.until(
    report => report.kind === 'frame' && report.peer === other && String(report.bytes) === word,
    since,
  )
}

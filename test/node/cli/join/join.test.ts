/** `concord join` under a parent process, as in the demo: it reports events, obeys, and never outlives the parent. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { formatCohort } from '../../../../node/cohort/file.ts'
import { identityFromSeed, writeIdentity } from '../../../../node/cohort/identity.ts'
import type { PeerEvent } from '../../../../node/daemon/events.ts'
import { testCohort } from '../../cohorts.ts'

const main = fileURLToPath(new URL('../../../../node/cli/main.ts', import.meta.url))

interface Joined {
  readonly child: ChildProcess
  readonly events: readonly PeerEvent[]
  /** The first event of a kind, past or to come. */
  first(kind: PeerEvent['kind']): Promise<PeerEvent>
}

/** Starts the first member of a cohort whose other members never come. */
async function joinAlone(t: ExecutionContext, ...args: readonly string[]): Promise<Joined> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  const [cohort, identity] = [join(folder, 'c.yaml'), join(folder, 'me.pem')]
  const members = testCohort()
    .members.slice(0, 4)
    .map(({ name, id }) => ({ name, id }))
  await writeFile(cohort, formatCohort(testCohort({ members, protocol: 'rb-tm' })))
  await writeIdentity(identity, identityFromSeed(new Uint8Array(32).fill(1)))
  const command = [
    'join',
    '--cohort',
    cohort,
    '--identity',
    identity,
    '--no-mdns',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
  ]
  const child = fork(main, [...command, ...args], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const events: PeerEvent[] = []
  const watchers: ((event: PeerEvent) => void)[] = []
  child.on('message', message => {
    const event = message as PeerEvent
    events.push(event)
    for (const watcher of watchers) watcher(event)
  })
  const first = (kind: PeerEvent['kind']) =>
    new Promise<PeerEvent>((resolve, reject) => {
      const look = (event: PeerEvent | undefined) => event?.kind === kind && resolve(event)
      look(events.find(event => event.kind === kind))
      watchers.push(look)
      child.on('exit', code => reject(new Error(`ended with ${code} before ${kind}`)))
    })
  return { child, events, first }
}

test('it reports where it listens and which peers it waits for, and ends on request', async t => {
  const { child, first } = await joinAlone(t, '--state', 'none')
  const listening = await first('listening')
  t.like(listening, { kind: 'listening', pid: child.pid, dimension: 7850, step: 1 })
  t.regex(
    listening.kind === 'listening' ? listening.addresses[0]! : '',
    /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/,
  )
  t.like(await first('waiting'), { step: 1, missing: [1, 2, 3] })
  child.send({ kind: 'stop' })
  const [code] = await once(child, 'exit')
  t.is(code, 1, 'it was stopped before it had learnt')
})

test('it ends when the process that started it is gone', async t => {
  const { child, first } = await joinAlone(t, '--state', 'none')
  await first('listening')
  child.disconnect()
  await once(child, 'exit')
  t.pass()
})

test('a signal ends it cleanly', async t => {
  const { child, first } = await joinAlone(t)
  await first('listening')
  child.kill('SIGTERM')
  const [code, signal] = await once(child, 'exit')
  // The code that shells use: 128 plus the signal's number. The process ended by itself, not by the signal.
  t.deepEqual([code, signal], [143, null])
})

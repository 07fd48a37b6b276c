/**
 * A program that builds on the package. A test runs it in its own process, because anything left open would keep it
 * from ending. It writes one JSON object per line.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { checkCohort } from '../../../node/cohort/file.ts'
import { type Cohort, createIdentity, type StartPeerOptions, startPeer } from '../../../node/index.ts'

const [task = '', folder = ''] = process.argv.slice(2)
const identity = createIdentity()
const tell = (value: object) => console.log(JSON.stringify(value))

function cohortOf(ids: readonly string[], changes: object = {}): Cohort {
  const members = ids.map((id, i) => ({ name: `peer-${i}`, id }))
  const settings = {
    faults: 0,
    protocol: 'mean',
    steps: 3,
    model: 'softmax',
    rate: 0.1,
    batch: 16,
    seed: 1,
  }
  return checkCohort({ name: 'alone', members, ...settings, ...changes }, 'test')
}

const options: StartPeerOptions = {
  cohort: cohortOf([identity.id]),
  identity,
  stateDirectory: folder,
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
}

/** The starts that must fail, by their mistake. */
async function fail(): Promise<void> {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const another = createIdentity()
  const cases: Record<string, StartPeerOptions> = {
    member: { ...options, cohort: cohortOf([another.id]) },
    data: { ...options, data: `${folder}/nowhere` },
    port: { ...options, listen: [`/ip4/127.0.0.1/tcp/${port}`] },
    metrics: { ...options, metrics: { host: '127.0.0.1', port } },
  }
  for (const [wrong, its] of Object.entries(cases))
    await startPeer(its).then(
      () => tell({ wrong, code: null }),
      (error: Error & { code: string }) =>
        tell({ wrong, name: error.name, code: error.code, message: error.message }),
    )
  // The log of this member belongs to another member of another cohort.
  const first = await startPeer(options)
  await first.finished
  await first.stop()
  const foreign = { ...options, cohort: cohortOf([identity.id], { seed: 2 }) }
  await startPeer(foreign).catch((error: Error) => tell({ wrong: 'journal', name: error.name }))
  taken.close()
}

/** A peer whose other members never come, in the middle of its first step. */
async function interrupted(): Promise<void> {
  const members = [identity.id, createIdentity().id, createIdentity().id, createIdentity().id]
  const cohort = cohortOf(members, { protocol: 'rb-tm', faults: 1 })
  const waiting = Promise.withResolvers<void>()
  const peer = await startPeer({
    ...options,
    cohort,
    onEvent: ({ kind }) => kind === 'waiting' && waiting.resolve(),
  })
  await waiting.promise
  const { missing } = peer.status().waiting!
  await peer.stop()
  await peer.finished.catch(({ code }) => tell({ code, missing: missing.map(({ peer }) => peer) }))
}

/** A listener that throws each time, and a peer that goes on. */
async function throwing(): Promise<void> {
  let thrown = 0
  process.on('uncaughtException', () => thrown++)
  const peer = await startPeer({
    ...options,
    onEvent() {
      throw new Error('not the peer’s')
    },
  })
  const { loss } = await peer.finished
  await peer.stop()
  tell({ thrown, loss })
}

const tasks: Record<string, () => Promise<void>> = { fail, interrupted, throwing }
await tasks[task]!()

/** Real peers that gossip over a graph: twelve of them learn though one lies, and nobody talks with a stranger to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { checkCohort } from '../../../node/cohort/file.ts'
import { graphOf } from '../../../node/cohort/gossip.ts'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import { addressOf } from '../../../node/network/endpoint.ts'
import { freePorts } from '../../../node/network/free-ports.ts'
import { started } from './followed.ts'

interface Members {
  readonly cohort: Cohort
  readonly identities: readonly Identity[]
}

async function membersOf(peers: number, settings: object): Promise<Members> {
  const ports = await freePorts(peers)
  const identities = ports.map(createIdentity)
  const members = identities.map(({ id }, peer) => ({
    name: `peer-${peer}`,
    id,
    addresses: [addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[peer]!, over: 'tcp' })],
  }))
  const common = { faults: 1, model: 'softmax', rate: 0.5, batch: 32, seed: 1 }
  return { cohort: checkCohort({ name: 'graph', members, ...common, ...settings }, 'test'), identities }
}

const start = (t: ExecutionContext, { cohort, identities }: Members, peer: number, changes: object = {}) =>
  started(t, { cohort, identity: identities[peer]!, stateDirectory: null, ...changes })

/** The others with which a peer was ever connected, ascending. */
const met = (events: readonly PeerEvent[]) =>
  [...new Set(events.flatMap(event => (event.kind === 'connection' ? [event.peer] : [])))].sort(
    (a, b) => a - b,
  )

test('issue 18, acceptance 4: twelve peers on a graph of degree 6 learn over libp2p with one liar, and nobody dials a peer that is no neighbour', async t => {
  const members = await membersOf(12, { topology: 'regular:6', steps: 12 })
  const graph = graphOf(members.cohort)!
  t.true(graph.every(others => others.length === 6))
  const liar = 11
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const peers = await Promise.all(
    graph.map((_, peer) =>
      start(t, members, peer, {
        evidenceFolder: folder,
        ...(peer === liar && { attack: attackNamed('sign-flip') }),
      }),
    ),
  )
  const honest = peers.filter(({ self }) => self !== liar)
  const endings = await Promise.all(honest.map(({ finished }) => finished))
  await Promise.all(peers.map(peer => peer.served(60)))
  for (const { accuracy } of endings) t.true(accuracy! > 0.5, `${accuracy}`)
  for (const { self, status, events, faults } of peers) {
    const { peers: others } = status()
    t.deepEqual(
      others.map(({ peer }) => peer),
      graph[self],
      'its status shows its neighbours',
    )
    t.true(others.every(({ link }) => link !== null))
    t.deepEqual(
      met(events),
      graph[self],
      `peer ${self} was connected with its neighbours, and with nobody else`,
    )
    const turnedAway = events.filter(event => event.kind === 'log' && /tried to connect/.test(event.text))
    t.deepEqual(turnedAway, [], `nobody else tried to reach peer ${self}`)
    t.deepEqual(faults(), [], 'nobody is blamed: a liar that signs one vector is not found out')
  }
})

test('a peer that is killed and comes back goes on where it was, and signs nothing twice', async t => {
  const members = await membersOf(6, { topology: 'complete', steps: 100_000, rate: 0.1 })
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const kept = (peer: number) => ({ stateDirectory: join(folder, `state-${peer}`) })
  const peers = await Promise.all(
    members.identities.map((_, peer) => start(t, members, peer, peer === 2 ? kept(2) : {})),
  )
  await peers[2]!.reached(3)
  await peers[2]!.stop()
  const last = peers[2]!.events.findLast(event => event.kind === 'step')!.step
  const others = peers.filter(({ self }) => self !== 2)
  const before = Math.max(...others.map(({ status }) => status().step))
  await others[0]!.reached(before + 3)
  const again = await start(t, members, 2, kept(2))
  t.true(again.status().step >= last, `${again.status().step}, ${last}`)
  await again.abreast(others[0]!)
  for (const { faults } of [...others, again]) t.deepEqual(faults(), [])
})

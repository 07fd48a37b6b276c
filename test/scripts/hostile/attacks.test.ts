/** Attacks of every layer come to pass against a real peer, which is there for others all the while and afterwards. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { attackNamed, attacks } from '../../../scripts/hostile/attacks/list.ts'
import { join, targetOf } from '../../../scripts/hostile/raw/index.ts'
import type { AttackerReport, AttackOrder, Scene, Tally } from '../../../scripts/hostile/scene.ts'
import { membersOf, openPeer } from '../../node/network/support.ts'

const attacker = new URL('../../../scripts/hostile/attacker.ts', import.meta.url)

/** Lets the attack go on until it has done something so many times. */
async function attack(t: ExecutionContext, name: string, scene: Scene, acts: number): Promise<Tally> {
  const child = fork(attacker, { serialization: 'advanced' })
  t.teardown(() => child.kill('SIGKILL'))
  for (;;) {
    const [report] = (await once(child, 'message')) as [AttackerReport]
    if (report.kind === 'ready') child.send({ attack: name, scene } satisfies AttackOrder)
    else if (report.connections > 0 && report.acts >= acts) return report
  }
}

for (const [name, acts] of [
  ['garbage', 20],
  ['noise-garbage', 3],
  ['yamux-absurd', 10],
  ['oversize-frames', 3],
  ['random-frames', 50],
  ['absurd-numbers', 50],
] as const)
  test(`${name}: the peer goes on`, async t => {
    const identities = [createIdentity(), createIdentity(), createIdentity()]
    const honest = await openPeer(t, identities, 2, membersOf(identities))
    honest.transport.start(honest.events)
    const target = targetOf(honest.transport.addresses[0]!)
    const [hostile, member] = identities
    const tally = await attack(t, name, sceneOf(hostile!.seed, target), acts)
    t.true(tally.sentBytes > 0)
    const talk = await join(target, { seed: member!.seed, hello: { cohortId: 'c0ffee' }, opens: true })
    t.teardown(talk.close)
    await honest.until(report => report.kind === 'connected' && report.peer === 1)
    t.false(honest.reports.some(report => report.kind === 'fault' && report.peer === 1))
  })

function sceneOf(seed: Uint8Array, target: { readonly host: string; readonly port: number }): Scene {
  const victims = [{ peer: 2, ...target }]
  return { victims, seed, self: 0, cohortId: 'c0ffee', peers: 3, dimension: 1000, steps: 1 }
}

test('each attack has a name of its own, and a name that is none is met with those that there are', t => {
  t.is(new Set(attacks.map(({ name }) => name)).size, attacks.length)
  t.is(attackNamed('yamux-syn').cohort, 'rb-tm')
  t.throws(() => attackNamed('yamux'), {
    message: /no attack "yamux"; there are: half-open, .*payload-requests/,
  })
})

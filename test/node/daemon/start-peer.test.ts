/** A real peer as a program starts it: from objects or files, watched while it runs, stopped, started again. */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { checkCohort } from '../../../node/cohort/file.ts'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { askStatus, controlPath } from '../../../node/daemon/control.ts'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import type { StartPeerOptions } from '../../../node/daemon/options.ts'
import { stateBeside } from '../../../node/daemon/places.ts'
import { type RunningPeer, startPeer } from '../../../node/daemon/start-peer.ts'
import { readCheckpoint } from '../../../node/files/checkpoint.ts'
import { type Place, place } from '../cli/places.ts'
import { commandOf } from '../oracle/support.ts'
import { started } from './followed.ts'

const program = fileURLToPath(new URL('./lone-peer.ts', import.meta.url))

const member = ({ cohortPath, identityPaths }: Place, peer: number): StartPeerOptions => ({
  cohort: cohortPath,
  identity: identityPaths[peer]!,
})

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

test.serial(
  'four peers in one process learn the same, report their events, and leave nothing behind',
  async t => {
    const files = await place(t)
    const state = stateBeside(files.identityPaths[0]!, cohortId(files.cohort))
    const save = join(files.folder, 'learnt.safetensors')
    await writeFile(save, 'of an earlier run')
    const ada = await started(t, {
      ...member(files, 0),
      save,
      saveEvery: 1,
      metrics: { host: '127.0.0.1', port: 0 },
    })
    const others = [1, 2, 3].map(peer => started(t, member(files, peer)))
    t.is(ada.self, 0)
    t.true(ada.addresses.every(address => address.startsWith(`/ip4/127.0.0.1/tcp/${files.ports[0]}/p2p/`)))
    const asked = (await askStatus(controlPath(state))) as ReturnType<RunningPeer['status']>
    t.like(asked, { self: { peer: 0, name: 'ada' }, steps: 3, pid: process.pid })
    t.deepEqual(ada.unserved(), [1, 2, 3])
    const peers = [ada, ...(await Promise.all(others))]
    const endings = await Promise.all(peers.map(({ finished }) => finished))
    for (const { parameters } of endings) t.is(parameters.length, 7850)
    const { notes, layout } = await readCheckpoint(save)
    t.like(notes, { step: '3', cohort: cohortId(files.cohort), cohortName: 'test' })
    t.is(layout, 'jax')
    const saved = (await readdir(files.folder)).filter(name => name.endsWith('.safetensors'))
    t.deepEqual(saved, ['learnt.safetensors'], 'those on the way are gone')
    t.true(ada.events.some(event => event.kind === 'log' && event.text.includes('is there from before')))
    t.is(await peers[1]!.saveStep(), null, 'it was not asked to save')
    const { loss, accuracy } = endings[0]!
    t.like(ada.status(), { phase: 'finished', loss, accuracy, waiting: null })
    t.deepEqual(ada.faults(), [])
    t.regex(await (await fetch(ada.metricsUrl!)).text(), /^concord_finished 1$/m)
    await Promise.all(peers.map(peer => peer.served(60)))
    t.deepEqual(ada.unserved(), [])
    const kinds = ada.events.map(({ kind }) => kind)
    t.is(
      kinds.find(kind => kind !== 'log'),
      'listening',
    )
    t.is(kinds.filter(kind => kind === 'connection').length >= 3, true)
    t.is(kinds.at(-1), 'finished')
    const steps = ada.events.flatMap(event => (event.kind === 'step' ? [event] : []))
    t.deepEqual(
      steps.map(({ step }) => step),
      [1, 2, 3],
    )
    t.deepEqual(steps.at(-1)!.vectors!.parameters, endings[0]!.parameters)
    await Promise.all(peers.map(peer => peer.stop()))
    await t.throwsAsync(fetch(ada.metricsUrl!))
    for (const name of ['control.sock', 'peer.log.lock']) t.false(await exists(join(state, name)), name)
    t.true(await exists(join(state, 'peer.log')))
  },
)

test.serial('a peer that is stopped midway says so, and goes on when it is started again', async t => {
  const files = await place(t, { steps: 100_000 })
  const [, bob] = await Promise.all([0, 1, 2, 3].map(peer => started(t, member(files, peer))))
  await bob!.reached(3)
  const ended = t.throwsAsync(bob!.finished, { name: 'PeerError', code: 'stopped' })
  const served = bob!.served(1000)
  await bob!.stop()
  await Promise.all([ended, served, bob!.stop()])
  t.false(bob!.events.some(({ kind }) => kind === 'failed' || kind === 'finished'))
  const last = bob!.events.findLast(event => event.kind === 'step')!.step
  const again = await started(t, member(files, 1))
  const [listening] = again.events
  t.true(listening?.kind === 'listening' && listening.step >= last, JSON.stringify([listening, last]))
  await again.syncJournal()
  await again.reached(last + 2)
  t.deepEqual(again.faults(), [], 'it signed nothing twice')
})

test('a run that leaves the finite numbers is told as such, with step, norm and what to lower; nobody is blamed', async t => {
  const files = await place(t, { rate: 1e41 })
  const peers = await Promise.all([0, 1, 2, 3].map(peer => started(t, member(files, peer))))
  for (const peer of peers) {
    const error = await t.throwsAsync(peer.finished, { name: 'PeerError', code: 'diverged' })
    t.regex(
      error.message,
      /^the learning has diverged: the parameters of step 1 overflow, with an average gradient of norm [\d.e+-]+\. Lower the rate, which is 1e\+41, or clip gradients$/,
    )
    t.is(peer.status().phase, 'diverged')
    t.is(peer.status().waiting, null)
  }
  await Promise.all(peers.map(peer => peer.served(60)))
  for (const { events, unserved, faults } of peers) {
    t.deepEqual(unserved(), [], 'nobody needs anything more of it')
    t.deepEqual(faults(), [])
    const ends = events.filter(({ kind }) => ['finished', 'failed', 'diverged'].includes(kind))
    t.like(ends, [{ kind: 'diverged', divergence: { step: 1, of: 'parameters' } }])
    t.is(ends.length, 1)
  }
})

test('an oracle whose gradient is not finite is a divergence too, and its own words say where', async t => {
  const [identity, folder] = [createIdentity(), await mkdtemp(join(tmpdir(), 'concord-'))]
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const settings = { faults: 0, protocol: 'mean', steps: 3, model: 'external', rate: 0.1, batch: 8, seed: 1 }
  const cohort = checkCohort(
    { name: 'alone', members: [{ name: 'ada', id: identity.id }], ...settings },
    'test',
  )
  const oracle = { command: commandOf('nan') }
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const peer = await started(t, { cohort, identity, stateDirectory: null, oracle, listen })
  await t.throwsAsync(peer.finished, {
    code: 'diverged',
    message:
      /the gradient of step 1 is not finite, .*No step has been taken yet, so the data, the model or the oracle/,
  })
  t.true(peer.events.some(event => event.kind === 'log' && /of step 1 is NaN at place 2/.test(event.text)))
})

test.serial(
  'a second process with the key of one that runs is refused; the first goes on, and its status tells',
  async t => {
    const files = await place(t, { steps: 100_000 })
    const peers = await Promise.all([0, 1, 2, 3].map(peer => started(t, member(files, peer))))
    const bob = peers[1]!
    await bob.reached(2)
    const copy = await started(t, {
      ...member(files, 1),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      stateDirectory: join(files.folder, 'state of the copy'),
    })
    await t.throwsAsync(copy.finished, {
      name: 'NetworkError',
      code: 'runs-already',
      message:
        /^this key already runs at \/ip4\/127\.0\.0\.1\/.*since .* UTC \(\w+(, \w+)* and \w+ say so\): stop that process/,
    })
    t.is(
      copy.events.find(({ kind }) => kind === 'step'),
      undefined,
      'it said nothing',
    )
    await copy.stop()
    const last = bob.events.findLast(event => event.kind === 'step')!.step
    await bob.reached(last + 2)
    t.true(bob.status().secondProcess!.by.length >= 1)
    for (const peer of peers) t.deepEqual(peer.faults(), [])
  },
)

test.serial(
  'an old copy of the state directory, put back whole, is noticed by what others have seen',
  async t => {
    const files = await place(t, { steps: 100_000 })
    const peers = await Promise.all([0, 1, 2, 3].map(peer => started(t, member(files, peer))))
    const state = stateBeside(files.identityPaths[1]!, cohortId(files.cohort))
    const backup = join(files.folder, 'backup')
    await peers[1]!.reached(2)
    await peers[1]!.stop()
    await cp(state, backup, { recursive: true })
    const later = await started(t, member(files, 1))
    const listening = later.events.find(event => event.kind === 'listening')!
    // The cohort has gone on meanwhile: what this peer says of past steps nobody is sent.
    await later.abreast(peers[0]!)
    await later.stop()
    await rm(state, { recursive: true })
    await cp(backup, state, { recursive: true })
    const old = await started(t, member(files, 1))
    t.is(old.events.find(event => event.kind === 'listening')?.step, listening.step)
    await old.abreast(peers[0]!)
    const said = old.events.flatMap(event => (event.kind === 'log' ? [event.text] : []))
    t.true(
      said.some(text =>
        /shows a vector of step \d+ that this peer signed and that its state directory does not/.test(text),
      ),
      said.join('\n'),
    )
    for (const peer of [peers[0]!, peers[2]!, peers[3]!, old]) t.deepEqual(peer.faults(), [])
  },
)

test('wrong options give a typed error that begins with the name of one', async t => {
  const files = await place(t)
  const [cohort, identity] = [files.cohort, files.identities[0]!]
  const another = createIdentity()
  const refused = (options: Partial<StartPeerOptions>, code: string, message: RegExp) =>
    t.throwsAsync(startPeer({ cohort, identity, stateDirectory: null, ...options }), {
      name: 'PeerError',
      code,
      message,
    })
  await refused(
    { identity: another },
    'not-a-member',
    /^identity: its peer id 12D3KooW\w+ is not a member of test, whose members are ada \(12D/,
  )
  const elsewhere = await place(t)
  await refused(
    { cohort: files.cohortPath, identity: elsewhere.identityPaths[2]! },
    'not-a-member',
    /^identity is ".*cleo\.pem": its peer id .* is not a member of .*cohort\.yaml/,
  )
  await refused({ stateDirectory: undefined }, 'option-missing', /^stateDirectory is missing/)
  await refused({ forget: true }, 'option-clash', /^forget needs a state directory/)
  await refused({ cohort: { ...cohort, model: 'external' } }, 'option-missing', /^oracle is missing/)
  await refused({ oracle: { command: 'true' }, augment: 'mirror' }, 'option-clash', /^augment is "mirror"/)
  const [ours, theirs] = [join(files.folder, 'ours'), createHash('sha256').update('theirs').digest('hex')]
  await writeFile(ours, 'ours')
  const starting = { ...cohort, init: theirs }
  await refused({ cohort: starting }, 'wrong-start', new RegExp(`^init is missing: .*${theirs}`))
  await refused({ cohort: starting, init: ours }, 'wrong-start', /^init is ".*ours", whose SHA-256 is/)
  await t.throwsAsync(startPeer({ cohort: join(files.folder, 'no.yaml'), identity }), {
    code: 'cohort-missing',
  })
  await t.throwsAsync(startPeer({ cohort, identity: join(files.folder, 'no.pem') }), {
    code: 'identity-missing',
  })
})

test('a checkpoint that the cohort does not name is reported', async t => {
  const files = await place(t)
  const init = join(files.folder, 'start.safetensors')
  await writeFile(init, 'no checkpoint')
  const lines: string[] = []
  const onEvent = (event: PeerEvent) => event.kind === 'log' && lines.push(event.text)
  // Only later code finds that it is not a checkpoint.
  await t.throwsAsync(startPeer({ ...member(files, 0), init, onEvent }), { name: 'FileError' })
  t.regex(lines.join('\n'), /does not name the checkpoint.*init: [0-9a-f]{64}$/)
})

test('a control socket that cannot be opened is reported, and the peer runs', async t => {
  const files = await place(t)
  const control = join(files.folder, 'taken')
  await writeFile(control, 'a file')
  const peer = await started(t, { ...member(files, 0), stateDirectory: null, control })
  t.true(
    peer.events.some(
      event => event.kind === 'log' && /status" will not work: .*taken is a file/.test(event.text),
    ),
  )
  t.is(peer.metricsUrl, null)
  t.is(peer.status().self.name, 'ada')
})

test('an attack makes it lie, and the others say so', async t => {
  const { attackNamed } = await import('../../../learning/attacks/registry.ts')
  const files = await place(t)
  const liar = started(t, { ...member(files, 3), attack: attackNamed('nan') })
  const [ada] = await Promise.all([0, 1, 2].map(peer => started(t, member(files, peer))).concat(liar))
  await ada!.finished
  t.true(ada!.faults().some(({ peer }) => peer === 3))
})

/** The lines of the program after it has ended by itself. */
async function run(t: ExecutionContext, task: string): Promise<readonly Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  const child = spawn(process.execPath, [program, task, join(folder, 'state')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  t.is(code, 0)
  return output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

test.serial(
  'starts that fail say why in a typed error, and leave nothing that keeps a process from ending',
  async t => {
    const told = await run(t, 'fail')
    t.like(told, [
      { wrong: 'member', name: 'PeerError', code: 'not-a-member' },
      { wrong: 'data', name: 'DataError' },
      { wrong: 'port', name: 'NetworkError', code: 'listen-failed' },
      { wrong: 'metrics', name: 'PeerError', code: 'metrics-address' },
      { wrong: 'journal', name: 'JournalError' },
    ])
    t.regex(String(told[3]!.message), /^metrics is "127\.0\.0\.1:\d+": .*EADDRINUSE/)
  },
)

test.serial('a peer that is stopped while it waits for others leaves nothing behind either', async t => {
  t.deepEqual(await run(t, 'interrupted'), [{ code: 'stopped', missing: [1, 2, 3] }])
})

test.serial('an exception of a listener does not reach the peer', async t => {
  const [told] = await run(t, 'throwing')
  t.true(Number(told!.thrown) >= 5, 'listening, three steps, the end')
  t.true(Number(told!.loss) > 0)
})

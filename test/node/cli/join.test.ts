/** Peers as services, for real: how they end, what they tell of themselves, and the proofs that they leave. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { parseEvidence } from '../../../node/evidence/evidence.ts'
import { readCheckpoint } from '../../../node/files/checkpoint.ts'
import { type Running, run, start } from './concord.ts'
import { type Place, place } from './places.ts'

const joining = (
  t: ExecutionContext,
  { cohortPath, identityPaths }: Place,
  peer: number,
  ...more: string[]
): Running => {
  const files = ['--cohort', cohortPath, '--identity', identityPaths[peer]!]
  const running = start(['join', ...files, '--no-mdns', ...more])
  t.teardown(() => running.kill('SIGKILL'))
  return running
}

async function stateFiles({ identityPaths }: Place, peer: number): Promise<readonly string[]> {
  const names = await readdir(`${identityPaths[peer]}.state`, { recursive: true })
  return names.map(name => name.split('/').at(-1)!).sort()
}

test.serial('a signal ends a peer cleanly, and a second one at once', async t => {
  const files = await place(t)
  const ada = joining(t, files, 0)
  const bob = joining(t, files, 1)
  const cleo = joining(t, files, 2, '--log', 'json', '--log-level', 'trace')
  await Promise.all([ada.until(/listening on/), bob.until(/listening on/), cleo.until(/"event":"listening"/)])
  ada.kill('SIGINT')
  bob.kill('SIGTERM')
  const [interrupted, terminated] = await Promise.all([ada.ended, bob.ended])
  t.is(interrupted.code, 130, interrupted.stderr)
  t.is(terminated.code, 143, terminated.stderr)
  for (const { stdout } of [interrupted, terminated])
    t.regex(stdout, /^stopped at step 1; the same command goes on from there$/m)
  t.false((await stateFiles(files, 0)).includes('peer.log.lock'), 'the log is let go of')
  t.false((await stateFiles(files, 0)).includes('control.sock'))
  // A clean end waits, for a second, for frames to a peer that does not answer: the second signal comes in time.
  const dora = joining(t, files, 3)
  await cleo.until(/connected to dora/)
  dora.kill('SIGSTOP')
  cleo.kill('SIGINT')
  cleo.kill('SIGTERM')
  const { code, stdout } = await cleo.ended
  // Which of two pending signals a process hears first is the system's choice.
  t.true(code === 143 || code === 130, `exit code ${code}`)
  t.true((await stateFiles(files, 2)).includes('peer.log.lock'), 'a clean end would have let go of the log')
  for (const form of ['hex', 'base64', 'base64url'] as const)
    t.false(stdout.includes(Buffer.from(files.identities[2]!.seed).toString(form)), 'a key in the log')
})

test.serial(
  'an interrupted peer leaves what it has learnt under a name with its step, and says so',
  async t => {
    const files = await place(t, { steps: 100_000 })
    const save = ['--save', join(files.folder, 'model.safetensors')]
    const [ada] = [0, 1, 2, 3].map(peer => joining(t, files, peer, ...(peer === 0 ? save : [])))
    await ada!.until(/step [1-9]\d/)
    ada!.kill('SIGINT')
    const { code, stdout, stderr } = await ada!.ended
    t.is(code, 130, stderr)
    const [, path, step] =
      /^(.*model\.step-(\d+)\.safetensors) holds the parameters after step \2$/m.exec(stdout) ?? []
    t.like((await readCheckpoint(path!)).notes, { step, cohortName: 'test' })
    t.regex(stdout, /^stopped at step \d+; the same command goes on from there$/m)
    t.false((await readdir(files.folder)).includes('model.safetensors'))
  },
)

test.serial(
  'where the learning diverges, every peer says so, ends with 1, and has no report of a fault',
  async t => {
    const files = await place(t, { rate: 1e41 })
    const report = join(files.folder, 'report.json')
    const peers = [0, 1, 2, 3].map(peer => {
      const how = peer === 0 ? ['--report', report] : peer === 1 ? ['--log', 'json'] : []
      return joining(t, files, peer, '--linger', '600', ...how)
    })
    const said =
      /the learning has diverged: the parameters of step 1 overflow, .*Lower the rate, which is 1e\+41/
    for (const [peer, { ended }] of peers.entries()) {
      const { code, stdout, stderr } = await ended
      t.is(code, 1, stderr)
      t.regex(peer === 1 ? stdout + stderr : stderr, said)
      t.notRegex(stdout + stderr, /fault of|not-finite/)
    }
    t.like(JSON.parse(await readFile(report, 'utf8')), { outcome: 'diverged', faults: [], honest: [] })
  },
)

test.serial('the end of the npm that runs a peer ends it, as a signal to it would', async t => {
  const files = await place(t)
  const args = ['--cohort', files.cohortPath, '--identity', files.identityPaths[0]!, '--no-mdns']
  const npm = spawn('npm', ['run', '-s', 'concord', '--', 'join', ...args], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => npm.kill('SIGKILL'))
  let said = ''
  const listening = Promise.withResolvers<void>()
  npm.stderr.resume()
  npm.stdout.setEncoding('utf8').on('data', text => {
    said += text
    if (/listening on/.test(said)) listening.resolve()
  })
  npm.on('close', () => listening.reject(new Error(said)))
  await listening.promise
  t.true((await stateFiles(files, 0)).includes('peer.log.lock'))
  npm.kill('SIGTERM')
  // The peer holds its output open for as long as it lives.
  await once(npm, 'close')
  t.false((await stateFiles(files, 0)).includes('peer.log.lock'), 'a clean end')
})

test.serial('a peer whose port is taken says so and ends: nothing that it had opened keeps it', async t => {
  const files = await place(t)
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  const { code, stderr } = await joining(t, files, 0, '--listen', `/ip4/127.0.0.1/tcp/${port}`).ended
  t.is(code, 1)
  t.regex(stderr, new RegExp(`cannot listen on /ip4/127.0.0.1/tcp/${port}: .*EADDRINUSE`))
  t.false((await stateFiles(files, 0)).includes('peer.log.lock'), 'the log is let go of')
})

test.serial('finished peers serve those that are missing, until the time is over', async t => {
  const files = await place(t)
  const peers = [0, 1, 2].map(peer => joining(t, files, peer, '--linger', '1'))
  const ends = await Promise.all(peers.map(({ ended }) => ended))
  for (const { code, stdout, stderr } of ends) {
    t.is(code, 0, stderr)
    t.regex(stdout, /serving .*dora until (it is|they are) done, for at most 1 s/)
  }
})

test.serial(
  'a liar is proved to be one, the rest wait and say for whom, and all end when all are done',
  async t => {
    const files = await place(t)
    const liar = joining(t, files, 3, '--attack', 'equivocate')
    const ada = joining(t, files, 0, '--metrics', '0')
    const bob = joining(t, files, 1)
    const [, path] = await ada.until(/the proof is (\S+\.json)/)
    await bob.until(/the proof is/)
    const told = await run('status', '--identity', files.identityPaths[0]!)
    t.is(told.code, 0, told.stderr)
    t.regex(told.stdout, /^ada of test/)
    t.regex(told.stdout, /equivocates: .*peer-3-step/)
    const verified = await run('evidence', 'verify', path!, '--cohort', files.cohortPath)
    t.is(verified.code, 0, verified.stderr)
    t.regex(verified.stdout, /^dora \(12D3KooW.*\) signed two different vectors for step 1/)
    const [, url] = await ada.until(/metrics: (http:\S+)/)
    t.regex(await (await fetch(url!)).text(), /^concord_peer_equivocated\{peer="dora"\} 1$/m)
    await ada.until(/: waiting for \d more vectors?, from .*cleo/)
    const status = JSON.parse((await run('status', '--identity', files.identityPaths[1]!, '--json')).stdout)
    t.true(status.waiting.missing.some(({ peer }: { peer: number }) => peer === 2))
    const cleo = joining(t, files, 2)
    for (const { ended } of [ada, bob, cleo]) {
      const { code, stdout, stderr } = await ended
      t.is(code, 0, stdout + stderr)
      t.regex(stdout, /done in/)
    }
    liar.kill('SIGKILL')
    const listed = await run('evidence', 'list', files.folder, '--json')
    t.is(listed.code, 0)
    const found: { path: string; holds: boolean; evidence: object }[] = JSON.parse(listed.stdout)
    t.true(found.length >= 2)
    for (const { holds, evidence } of found) {
      t.true(holds)
      t.is(parseEvidence(JSON.stringify(evidence)).accused.id, files.identities[3]!.id)
    }
    const gone = await run('status', '--state', join(`${files.identityPaths[0]}.state`, 'nowhere'))
    t.is(gone.code, 1)
    t.regex(gone.stderr, /no peer runs there/)
  },
)

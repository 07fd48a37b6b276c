/** The doctor names the cause: each test breaks one thing for real, and reads the finding. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { encode } from 'it-length-prefixed'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { formatCohort } from '../../../node/cohort/file.ts'
import { createIdentity, writeIdentity } from '../../../node/cohort/identity.ts'
import { PROTOCOL } from '../../../node/network/constants.ts'
import { encodeHello } from '../../../node/network/hello.ts'
import { openFileLog } from '../../../node/storage/index.ts'
import { run } from '../cli/concord.ts'
import { place, writeCohort } from '../cli/places.ts'
import { hostileNode } from '../network/support.ts'
import { journalOn } from '../storage/support.ts'
import { about, asked, running } from './support.ts'

test('all is well where all is well, whichever side opens the stream', async t => {
  const files = await place(t)
  await Promise.all([0, 2, 3].map(peer => running(t, files, peer)))
  const told: string[] = []
  const diagnosis = await asked(files, { onFinding: ({ check }) => told.push(check) })
  t.deepEqual(
    diagnosis.findings.filter(({ verdict }) => verdict !== 'ok'),
    [],
  )
  t.true(diagnosis.healthy)
  t.deepEqual([...told].sort(), [
    'clock',
    'cohort',
    'disk',
    'identity',
    'membership',
    'model',
    'peer ada',
    'peer cleo',
    'peer dora',
    'ports',
  ])
  t.regex(about(diagnosis, 'clock')!.says, /clocks of 3 other members/)
  // softmax on 28 × 28 images, two exchanges of a step, three others.
  t.like(diagnosis.cost, { dimension: 7850, exchanges: 2, bytes: 2 * 4 * 7850 * 3 })
  t.true(diagnosis.cost!.seconds > 0.015)
})

test('peer down; and the rest is looked at all the same', async t => {
  const files = await place(t)
  await running(t, files, 0)
  const diagnosis = await asked(files)
  t.like(about(diagnosis, 'peer cleo'), { verdict: 'failed', cause: 'peer-down' })
  t.regex(about(diagnosis, 'peer cleo')!.todo!, /Start cleo/)
  t.is(about(diagnosis, 'peer ada')!.cause, 'ok')
  t.false(diagnosis.healthy)
})

test('other cohort file, and which field differs', async t => {
  const files = await place(t)
  await running(t, files, 0, { ...files.cohort, rate: 0.7, steps: 9 })
  const finding = about(await asked(files), 'peer ada')!
  t.is(finding.cause, 'other-cohort')
  t.regex(finding.says, /they differ in steps, rate\.$/)
})

test('a peer whose file does not list this key', async t => {
  const files = await place(t)
  const members = files.cohort.members.filter((_, i) => i !== 1)
  for (const peer of [0, 2]) await running(t, files, peer, { ...files.cohort, members, faults: 0 })
  const diagnosis = await asked(files)
  for (const name of ['ada', 'cleo']) {
    t.is(about(diagnosis, `peer ${name}`)!.cause, 'refused')
    t.true(about(diagnosis, `peer ${name}`)!.todo!.includes(files.identities[1]!.id))
  }
})

test('not a member', async t => {
  const files = await place(t)
  const identityPath = join(files.folder, 'eve.pem')
  const eve = createIdentity()
  await writeIdentity(identityPath, eve)
  const diagnosis = await asked(files, { identityPath })
  t.like(about(diagnosis, 'membership'), { verdict: 'failed', cause: 'not-a-member' })
  t.true(about(diagnosis, 'membership')!.todo!.includes('cohort file'))
})

test('wrong key: a file that others can read, one that is none, one that is missing, and another peer’s', async t => {
  const files = await place(t)
  const identityPath = files.identityPaths[1]!
  await chmod(identityPath, 0o644)
  t.like(about(await asked(files), 'identity'), { cause: 'identity-readable', verdict: 'failed' })
  await chmod(identityPath, 0o600)
  const wrong = join(files.folder, 'wrong.pem')
  await writeFile(wrong, 'no key', { mode: 0o600 })
  t.is(about(await asked(files, { identityPath: wrong }), 'identity')!.cause, 'identity-malformed')
  const missing = join(files.folder, 'missing.pem')
  t.is(about(await asked(files, { identityPath: missing }), 'identity')!.cause, 'identity-missing')
  // cleo's peer at ada's address.
  const { ports } = files
  await running(t, { ...files, ports: [ports[0]!, ports[1]!, ports[0]!, ports[3]!] }, 2)
  t.is(about(await asked(files), 'peer ada')!.cause, 'wrong-key')
})

test('port in use; in use by the peer of this key is no trouble', async t => {
  const files = await place(t)
  const server = createServer().listen(files.ports[1], '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close())
  t.like(about(await asked(files), 'ports'), { cause: 'port-in-use', verdict: 'failed' })
  t.is(about(await asked(files, { isRunning: async () => true }), 'ports')!.cause, 'ok')
  const nowhere = await asked(files, { listen: () => ['/ip4/203.0.113.1/tcp/4001'] })
  t.like(about(nowhere, 'ports'), { cause: 'port', verdict: 'failed' })
})

/** A port that swallows what would open a connection, as a firewall's drop does: nobody accepts, and its queue is full. */
async function swallowingPort(t: ExecutionContext): Promise<number> {
  const script =
    "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
  const child: ChildProcess = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout!, 'data')
  child.kill('SIGSTOP')
  const port = Number(line)
  const sockets: Socket[] = []
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    const full = AbortSignal.timeout(500)
    const isIn = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(full, 'abort').then(() => false),
    ])
    if (!isIn) return port
  }
}

test('a firewall that drops, a listener that says nothing, and one that is another program', async t => {
  const files = await place(t)
  const silent = createServer(socket => void socket.on('error', () => {})).listen(files.ports[2], '127.0.0.1')
  const web = createServer(
    socket => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  )
  web.listen(files.ports[3], '127.0.0.1')
  t.teardown(() => {
    for (const server of [silent, web]) server.close()
  })
  const port = await swallowingPort(t)
  const members = files.cohort.members.map((member, i) =>
    i === 0 ? { ...member, addresses: [`/ip4/127.0.0.1/tcp/${port}`] } : member,
  )
  await writeCohort(files.folder, 'cohort.yaml', { ...files.cohort, members })
  const diagnosis = await asked(files)
  t.like(about(diagnosis, 'peer ada'), { cause: 'firewall', verdict: 'failed' })
  t.true(about(diagnosis, 'peer ada')!.todo!.includes(`TCP port ${port}`))
  t.is(about(diagnosis, 'peer cleo')!.cause, 'peer-silent')
  t.is(about(diagnosis, 'peer dora')!.cause, 'not-concord')
})

test('a peer that is just ending is asked once more', async t => {
  const files = await place(t)
  let connections = 0
  const ending = createServer(socket => {
    socket.on('error', () => {}).end()
    // The first connection only asks whether anything listens.
    if (++connections === 2) ending.close()
  }).listen(files.ports[3], '127.0.0.1')
  t.teardown(() => void ending.close())
  await once(ending, 'listening')
  t.is(about(await asked(files), 'peer dora')!.cause, 'peer-down')
})

test('clock far off, by the others’ clocks, and by the files where nobody answers', async t => {
  const files = await place(t)
  const names = ['ada', '', 'cleo', 'dora']
  for (const peer of [2, 3]) {
    const listen = [`/ip4/127.0.0.1/tcp/${files.ports[peer]}`]
    const node = await hostileNode(t, files.identities[peer]!, { listen })
    await node.handle(PROTOCOL, stream => {
      const hello = { cohortId: cohortId(files.cohort), name: names[peer]!, software: 'test/1' }
      stream.send(encode.single(encodeHello({ ...hello, clockMs: Date.now() + 7_200_000 })[0]!))
    })
  }
  const diagnosis = await asked(files)
  t.like(about(diagnosis, 'clock'), { cause: 'clock', verdict: 'failed' })
  t.regex(about(diagnosis, 'clock')!.says, /this clock is 2 h behind that of the middle one of 2 members/)
  t.regex(about(diagnosis, 'peer cleo')!.says, /its clock is 2 h ahead/)
  const alone = await place(t)
  const tomorrow = new Date(Date.now() + 86_400_000)
  await utimes(alone.cohortPath, tomorrow, tomorrow)
  t.is(about(await asked(alone), 'clock')!.cause, 'clock')
})

test('bound not met, by name; on purpose it is a warning', async t => {
  const files = await place(t)
  const unsafe = { ...files.cohort, protocol: 'mda', faults: 1, unsafe: true } as const
  await writeFile(files.cohortPath, formatCohort({ ...unsafe, unsafe: false }))
  const diagnosis = await asked(files)
  t.like(about(diagnosis, 'cohort'), { cause: 'bound', verdict: 'failed' })
  t.regex(about(diagnosis, 'cohort')!.says, /faults is 1/)
  t.is(about(diagnosis, 'identity')!.cause, 'ok')
  await writeFile(files.cohortPath, formatCohort(unsafe))
  t.like(about(await asked(files), 'cohort'), { cause: 'bound', verdict: 'warning' })
  await writeFile(files.cohortPath, formatCohort({ ...unsafe, faults: 2 }))
  t.like(
    about(await asked(files), 'cohort'),
    { cause: 'bound', verdict: 'failed' },
    'it could not even start',
  )
  await writeFile(files.cohortPath, 'members: [')
  t.is(about(await asked(files), 'cohort')!.cause, 'cohort-file')
})

test('the parameters are those of the model on the data that were named, and the step costs accordingly', async t => {
  const files = await place(t, { model: 'mlp' })
  const data = join(files.folder, 'own.csv')
  // 30 numbers and a label of two: 30 × 100 + 100, and 100 × 2 + 2.
  const row = (label: number) =>
    [...Array.from({ length: 30 }, (_, i) => (i * 7 + label) % 5), label].join(',')
  await writeFile(
    data,
    `${[...Array.from({ length: 30 }, (_, i) => `c${i}`), 'label'].join(',')}\n${[0, 1, 0, 1, 0, 1, 0, 1, 0, 1].map(row).join('\n')}\n`,
  )
  const own = await asked(files, { data })
  t.is(about(own, 'model')!.says, `mlp has 3302 parameters on ${data}`)
  t.is(own.cost!.dimension, 3302)
  const unnamed = await asked(files)
  t.is(
    about(unnamed, 'model')!.says,
    'mlp has 79510 parameters on the digits that come with Concord (--data names other data)',
  )
  const missing = await asked(files, { data: `${data}x` })
  t.like(about(missing, 'model'), { verdict: 'failed', cause: 'data' })
  t.is(missing.cost, null)
  t.is(about(missing, 'membership')!.cause, 'ok', 'the rest is looked at all the same')
})

test('a model that is not for digits, and the members’ own program: no number is made up', async t => {
  const files = await place(t, { model: 'linear-regression' })
  const diagnosis = await asked(files)
  t.like(about(diagnosis, 'model'), { verdict: 'warning', cause: 'data' })
  t.is(diagnosis.cost, null)
  const external = await place(t, { model: 'external' })
  t.like(about(await asked(external), 'model'), { verdict: 'ok' })
})

test('a place that cannot be written to', async t => {
  const files = await place(t)
  const diagnosis = await asked(files, { stateDirectory: () => '/proc/concord/state' })
  t.like(about(diagnosis, 'disk'), { cause: 'disk', verdict: 'failed' })
  t.regex(about(diagnosis, 'disk')!.says, /^\/proc cannot be written to: .+ \(E\w+\)\.$/)
})

test('the command: sentences for people, findings for machines, and the exit code of both', async t => {
  const files = await place(t)
  await Promise.all([0, 2, 3].map(peer => running(t, files, peer)))
  const options = ['--identity', files.identityPaths[1]!, '--no-mdns']
  const well = await run('doctor', files.cohortPath, ...options)
  t.is(well.code, 0, well.stdout + well.stderr)
  t.regex(well.stdout, /^ok {4}cohort: /)
  t.regex(well.stdout, /A step sends 0\.19 MB and receives as much \(2 exchanges of 7850 parameters/)
  await writeFile(files.cohortPath, formatCohort({ ...files.cohort, seed: 2 }))
  const ill = await run('doctor', files.cohortPath, '--json', ...options)
  t.is(ill.code, 1)
  const { healthy, findings } = JSON.parse(ill.stdout)
  t.false(healthy)
  t.is(findings.filter(({ cause }: { cause: string }) => cause === 'other-cohort').length, 3)
  t.regex(ill.stderr, /FAIL {2}peer ada: it has another cohort file .*they differ in seed/)
})

test('what is wrong with the memory: others may write there, a torn tail, damage, an older log', async t => {
  const files = await place(t)
  const directory = join(files.folder, 'state')
  const memory = async () => about(await asked(files), 'memory')
  t.is(await memory(), undefined, 'there is none yet')
  const log = await openFileLog(directory)
  const journal = journalOn(log)
  const olds: Buffer[] = []
  const path = join(directory, 'peer.log')
  for (const step of [1, 2, 3]) {
    const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
    journal.record({ kind: 'vector', slot, sealed: journal.seal(slot, Float32Array.of(step, 0)) })
    await new Promise<void>(resolve => journal.sync(() => resolve()))
    olds.push(await readFile(path))
  }
  await log.close()
  t.like(await memory(), { verdict: 'ok' })
  await appendFile(path, 'torn')
  t.like(await memory(), { verdict: 'warning', cause: 'torn-tail' })
  await writeFile(path, olds[2]!.subarray(0, -1))
  const cut = (await asked(files)).findings.filter(({ check }) => check === 'memory')
  t.deepEqual(
    cut.map(({ cause }) => cause),
    ['memory-lost'],
    'one line, and no other that contradicts it',
  )
  await rm(path)
  t.regex((await memory())!.says, /The log is missing, and with it the 3 records/)
  await writeFile(path, olds[1]!)
  const lost = await memory()
  t.like(lost, { verdict: 'warning', cause: 'memory-lost' })
  t.regex(lost!.says, /lacks 1 of the 3 records/)
  const damaged = Buffer.from(olds[2]!)
  damaged[60]! ^= 1
  await writeFile(path, damaged)
  const broken = await memory()
  t.like(broken, { verdict: 'failed', cause: 'storage-damaged' })
  t.regex(broken!.says, /peer\.log is damaged at byte \d+/)
  t.regex(broken!.todo!, /--forget/)
  t.deepEqual(await readFile(path), damaged, 'it only looks')
  await chmod(directory, 0o777)
  t.like(await memory(), { verdict: 'failed', cause: 'state-unsafe' })
})

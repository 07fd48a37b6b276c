/** What others have put where this program reads and writes: every file it makes, and every file it is given. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { link, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { setUp } from '../../../node/cli/demo/setup.ts'
import { parseCohort, readCohort } from '../../../node/cohort/file.ts'
import { createIdentity, readIdentity, writeIdentity } from '../../../node/cohort/identity.ts'
import { fetchDataSet } from '../../../node/data/fetch.ts'
import { unpackTar } from '../../../node/data/tar.ts'
import { evidenceFile } from '../../../node/evidence/evidence.ts'
import { listEvidence, writeEvidence } from '../../../node/evidence/folder.ts'
import { loadAttack } from '../../../node/files/attack-file.ts'
import { writeCheckpoint } from '../../../node/files/checkpoint.ts'
import { digestOfFile } from '../../../node/oracle/start-digest.ts'
import { readRuns, writeResults } from '../../../node/reproduce/results.ts'
import { membership } from '../cli/join/membership.ts'
import { testCohort } from '../cohorts.ts'

const fifo = (path: string) => execFileSync('mkfifo', [path])

/** A folder with a file of somebody's that must stay as it is. */
async function scene(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'concord-planted-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const victim = join(await mkdtemp(join(tmpdir(), 'concord-victim-')), 'victim')
  t.teardown(() => rm(dirname(victim), { recursive: true }))
  await writeFile(victim, 'mine')
  const unharmed = async () => t.is(await readFile(victim, 'utf8'), 'mine')
  return { folder, victim, unharmed, at: (name: string) => join(folder, name) }
}

const commitment = (digit: string) => ({ digest: digit.repeat(64), signature: new Uint8Array(64) })
const proof = evidenceFile(
  {
    slot: { step: 2, phase: 'gradient', iteration: 0, sender: 3 },
    first: commitment('a'),
    second: commitment('b'),
  },
  membership,
)
const machine = { processor: '', cores: 1, threads: 1, node: '', load: 0 }
const results = { experiment: 'x', quick: true, machine, wallSeconds: 1, verdicts: [], notes: [], runs: [] }

test('a link where a draft could be is not written through, nor one in the file’s own place', async t => {
  const { folder, victim, unharmed, at } = await scene(t)
  const name = 'peer-3-step-2-gradient-0.json'
  const writers: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    [name]: () => writeEvidence(folder, proof),
    'results.json': path => writeResults(path, results),
    'w.safetensors': path => writeCheckpoint(path, { tensors: [], layout: 'jax', model: null, notes: {} }),
  }
  for (const [name, write] of Object.entries(writers)) {
    for (const planted of [name, `${name}.${process.pid}.tmp`, `${name}.tmp`, `${name}.partial`])
      await symlink(victim, at(planted))
    await write(at(name))
    await unharmed()
    t.true((await stat(at(name))).size > 0)
  }
  await symlink(victim, at('key.pem'))
  await t.throwsAsync(writeIdentity(at('key.pem'), createIdentity()), { code: 'identity-exists' })
  await unharmed()
})

test('the demo’s folder is its owner’s alone, and so is every key in it', async t => {
  const { synchrony, protocol, faults, schedule, model, batch, rate, momentum, steps, seed } = testCohort()
  const settings = { synchrony, protocol, faults, schedule, model, batch, rate, momentum, steps, seed }
  const files = await setUp(
    { peers: 7, settings: settings as Parameters<typeof setUp>[0]['settings'] },
    'tcp',
  )
  t.teardown(files.remove)
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777
  t.is(await modeOf(dirname(files.cohortPath)), 0o700)
  for (const path of files.identityPaths) t.is(await modeOf(path), 0o600)
})

test('what has come of a download is gone on with only where it is a file of our own', async t => {
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))
  const server = createServer((_, response) => response.writeHead(200).end(content)).listen(0, '127.0.0.1')
  await new Promise(resolve => {
    server.once('listening', resolve)
  })
  t.teardown(() => server.close())
  const mirrors = [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`]
  const sha256 = createHash('sha256').update(content).digest('hex')
  const files = [{ name: 'set.bin', bytes: content.length, sha256 }]
  for (const plant of [symlink, link, async (_: string, path: string) => fifo(path)]) {
    const { folder, victim, unharmed, at } = await scene(t)
    await plant(victim, at('set.bin.partial'))
    const nothing = () => {}
    const set = { name: 'set', about: '', mirrors, files }
    await fetchDataSet({ set, directory: folder, onProgress: nothing, onNote: nothing })
    await unharmed()
    t.deepEqual(await readFile(at('set.bin')), content)
    t.deepEqual(await readdir(folder), ['set.bin'])
  }
})

/** A ustar archive with one member of so many bytes, if one believes its head. */
function tarOf(name: string, size: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(512)
  head.write(name, 0)
  head.write(size.toString(8).padStart(11, '0'), 124)
  head.write('0', 156)
  return gzipSync(Buffer.concat([head, bytes, Buffer.alloc(512 - (bytes.length % 512))]))
}

test('an archive’s members stay in their folder, are whole, and follow no link', async t => {
  const { folder, victim, unharmed, at } = await scene(t)
  const unpack = (name: string, size: number) => {
    execFileSync('rm', ['-f', at('all.tar.gz')])
    return writeFile(at('all.tar.gz'), tarOf(name, size, Buffer.from('three'))).then(() =>
      unpackTar(at('all.tar.gz'), folder, /^a\.bin$/),
    )
  }
  for (const planted of ['a.bin', 'a.bin.partial']) await symlink(victim, at(planted))
  t.deepEqual(await unpack('../../../a.bin', 5), ['a.bin'])
  await unharmed()
  t.is(await readFile(at('a.bin'), 'utf8'), 'three')
  await t.throwsAsync(unpack('a.bin', 2 ** 30), {
    message: /ends within a\.bin; expected 1073741824 bytes of it/,
  })
  t.is(await readFile(at('a.bin'), 'utf8'), 'three')
})

test('pipes, devices and files without end are told with their name wherever a file is asked for', async t => {
  const { folder, at } = await scene(t)
  const names = ['peer.pem', 'cohort.yaml', 'start.safetensors', 'mine.ts', 'results.json']
  const [key, cohort, start, attack, runs] = names.map(at) as [string, string, string, string, string]
  const readers: readonly (readonly [string, () => Promise<unknown>])[] = [
    [key, () => readIdentity(key)],
    [cohort, () => readCohort(cohort)],
    [start, () => digestOfFile(start)],
    [attack, () => loadAttack(attack)],
    [runs, () => readRuns(runs, 'x')],
  ]
  const told = async (why: RegExp) => {
    for (const [path, read] of readers) {
      const error = await t.throwsAsync(read())
      t.regex(error!.message, why)
      t.true(error!.message.includes(path), error!.message)
    }
  }
  for (const path of names.map(at)) execFileSync('mkfifo', ['-m', '600', path])
  await told(/it is a named pipe; expected a file/)
  for (const path of names.map(at)) {
    await rm(path)
    await writeFile(path, '', { mode: 0o600 })
    await truncate(path, 2 ** 40)
  }
  await told(/it holds 1099511627776 bytes; expected at most \d+/)
  for (const path of names.map(at)) await rm(path)
  await writeEvidence(folder, proof)
  await writeFile(at('peer-1-step-1-gradient-0.json'), 'x'.repeat(70_000))
  fifo(at('peer-2-step-2-gradient-0.json'))
  const listed = (await listEvidence(folder)).map(({ wrong }) => wrong ?? '')
  t.is(listed.length, 2)
  t.regex(listed[0]!, /it holds 70000 bytes; expected at most 65536/)
})

test('a cohort file: bombs, depths and names without number are told, with their place', t => {
  const wrong = (text: string) =>
    t.throws(() => parseCohort(text, 'c.yaml'), { code: 'cohort-syntax' })!.message
  const bomb = [
    'a: &a [x, x]',
    ...'bcdefghij'.split('').map((name, i) => {
      const before = 'abcdefghij'[i]!
      return `${name}: &${name} [*${before}, *${before}, *${before}, *${before}]`
    }),
  ].join('\n')
  t.regex(wrong(bomb), /line 2, column 8: \*a is an alias/)
  t.regex(wrong('['.repeat(20_000)), /^c\.yaml, line 1, column \d+: not YAML/)
  t.regex(wrong('a: 1\nb: 2\n"a": 3\n'), /line 3, column 1: not YAML: the name "a" is not unique/)
  const names = Array.from({ length: 30_000 }, (_, i) => `${i.toString(36)}x: `)
  t.throws(() => parseCohort(names.join('\n'), 'c.yaml'), { code: 'cohort-field-unknown' })
  const error = t.throws(() => parseCohort(`${'n'.repeat(100_000)}: 1\n`, 'c.yaml'))
  t.true(error!.message.length < 2000, `${error!.message.length}`)
  t.throws(() => parseCohort('__proto__: {name: x}\n', 'c.yaml'), { code: 'cohort-field-unknown' })
  t.is(({} as { name?: string }).name, undefined)
})

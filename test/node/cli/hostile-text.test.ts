/** Hostile names and words on the command line: they are refused or written out, and no terminal obeys them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import { createJoinView } from '../../../node/cli/join/join-view.ts'
import { createLogger, createLogView } from '../../../node/cli/join/log.ts'
import { cohortId, cohortSchema } from '../../../node/cohort/cohort.ts'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { createStatusBook } from '../../../node/daemon/status.ts'
import { evidenceFile } from '../../../node/evidence/evidence.ts'
import { decodeHello, encodeHello } from '../../../node/network/hello.ts'
import { createSigner } from '../../../node/signatures/index.ts'
import { cohortDocument } from '../cohorts.ts'
import { type Ended, run } from './concord.ts'
import { cohort, membership, present } from './join/membership.ts'
import { recordedTerminal } from './terminals.ts'

/** Clears the screen, sets the title, turns the direction of writing, and begins a line of its own. */
const NASTY = '\u001b[2J\u009b1m\u001b]0;x\u0007\u202e\u2028\r\nconcord: all is well'
const FORBIDDEN = /(?!\n)[\p{Cc}\u2028-\u202e]|^concord: all is well/mu

function clean(t: ExecutionContext, text: string) {
  t.false(FORBIDDEN.test(text), JSON.stringify(text))
  t.regex(text, /\\x1b\[2J|\\u001b\[2J/, 'it is shown all the same')
}

function bothClean(t: ExecutionContext, { stdout, stderr }: Ended) {
  clean(t, stdout + stderr)
}

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a cohort file with hostile names is refused with a sentence, wherever it is used', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'cohort.yaml')
  const document = cohortDocument()
  const members = document.members as { name: string; addresses: string[] }[]
  const variants: readonly (readonly [object, RegExp])[] = [
    [{ name: NASTY.slice(0, 60) }, /: name is .*expected a text without escapes, line breaks/],
    [
      { members: [{ ...members[0], name: NASTY.slice(0, 60) }, ...members.slice(1)] },
      /members\[0\]\.name is/,
    ],
    [
      { members: [{ ...members[0], addresses: [`/dns4/${NASTY}/tcp/1`] }, ...members.slice(1)] },
      /members\[0\]\.addresses\[0\] is .* it holds an escape/,
    ],
    [{ [NASTY]: 1 }, /unknown field/],
    [{ model: NASTY }, /model is/],
    [{ protocol: NASTY }, /protocol is/],
  ]
  for (const [changes, sentence] of variants) {
    await writeFile(path, stringify({ ...document, ...changes }))
    const ended = await run('cohort', 'check', path)
    t.is(ended.code, 2)
    t.regex(ended.stderr, sentence)
    bothClean(t, ended)
  }
  await writeFile(path, `name: "${'a'.repeat(3)}\u001b[2J\n`)
  const { stdout, stderr } = await run('cohort', 'show', path)
  t.false(FORBIDDEN.test(stdout + stderr))
})

test('file names, options and attacks that are hostile are written out', async t => {
  const folder = await folderOf(t)
  for (const args of [
    ['cohort', 'check', join(folder, NASTY)],
    ['evidence', 'verify', join(folder, NASTY)],
    ['evidence', 'list', join(folder, NASTY)],
    ['join', '--cohort', join(folder, NASTY), '--identity', 'x'],
    ['status', '--control', join(folder, NASTY.slice(0, 8))],
  ]) {
    const ended = await run(...args)
    t.not(ended.code, 0)
    bothClean(t, ended)
  }
  const attack = join(folder, 'mine.ts')
  await writeFile(
    attack,
    `export const attack = { name: ${JSON.stringify(NASTY)}, did: ${JSON.stringify(NASTY)} }`,
  )
  const report = join(folder, 'report.json')
  const small = ['--protocol', 'icwtm', '--peers', '6', '--steps', '2', '--model', 'softmax']
  const simulated = await run('simulate', ...small, '--attack', attack, '--report', report, '--json')
  t.is(simulated.code, 0, simulated.stderr)
  clean(t, simulated.stderr)
  for (const text of [simulated.stdout, await readFile(report, 'utf8')]) {
    clean(t, text)
    t.regex(JSON.parse(text).byzantine.attack, /^\\x1b\[2J/)
  }
})

test('a proof whose accused has a hostile name is shown clean, as text and as JSON', async t => {
  const folder = await folderOf(t)
  const sign = createSigner(membership.cohortId, new Uint8Array(32).fill(4)).sign
  const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 3 } as const
  const [first, second] = ['aa', 'bb'].map(digit => {
    const digest = digit.repeat(32)
    return { digest, signature: sign(slot, digest) }
  })
  const file = evidenceFile({ slot, first: first!, second: second! }, membership)
  const path = join(folder, 'peer-3-step-1-gradient-0.json')
  await writeFile(path, JSON.stringify({ ...file, accused: { ...file.accused, name: NASTY } }))
  for (const args of [
    ['verify', path],
    ['list', folder],
    ['verify', path, '--json'],
    ['list', folder, '--json'],
  ]) {
    const ended = await run('evidence', ...args)
    t.is(ended.code, 0, ended.stderr)
    bothClean(t, ended)
    if (args.at(-1) === '--json') t.notThrows(() => JSON.parse(ended.stdout))
  }
})

test('the status of a peer that says anything is shown clean, as text and as JSON', async t => {
  const folder = await folderOf(t)
  await mkdir(join(folder, 's'))
  const path = join(folder, 's', 'c.sock')
  const book = createStatusBook(membership, NASTY, () => 0)
  const status = book.status(present())
  const peers = status.peers.map(peer => ({ ...peer, name: NASTY, faults: [{ kind: NASTY, count: 1 }] }))
  const hostile = {
    ...status,
    peers,
    [NASTY]: NASTY,
    strangers: [{ kind: NASTY, count: 1 }],
    secondProcess: { address: NASTY, by: [1], seconds: 1 },
    cohort: { ...status.cohort, name: NASTY },
    self: { ...status.self, name: NASTY },
  }
  const server = createServer(socket => socket.end(JSON.stringify(hostile))).listen(path)
  t.teardown(() => server.close())
  for (const args of [[], ['--json']]) {
    const ended = await run('status', '--control', path, ...args)
    t.is(ended.code, 0, ended.stderr)
    bothClean(t, ended)
    if (args.length > 0) t.notThrows(() => JSON.parse(ended.stdout))
  }
})

test('what members and their programs are called gets clean into every form of the log', async t => {
  // A cohort that no file was read for: nothing has looked at its names.
  const members = cohort.members.map(member => ({ ...member, name: NASTY }))
  const hostileSeat = { ...membership, cohort: { ...cohort, name: NASTY, members } }
  const { software } = decodeHello(encodeHello({ cohortId: 'c0ffee', name: 'x', software: NASTY }))!
  for (const form of ['json', 'pretty'] as const) {
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push(line) }
    const view = createLogView(
      hostileSeat,
      await createLogger({ form, level: 'trace', stream, colours: false }),
      () => 0,
    )
    view.see({ kind: 'connection', peer: 3, up: false, reason: NASTY })
    view.see({ kind: 'fault', fault: { peer: 3, kind: 'malformed', count: 1 }, detail: NASTY })
    view.see({ kind: 'log', text: NASTY })
    view.see({ kind: 'failed', message: NASTY })
    view.log.info({ peer: 3, software: NASTY, cleaned: software }, `connected to ${NASTY}`)
    t.is(lines.length, 5)
    for (const line of lines) {
      t.is(line.trimEnd().split('\n').length, 1)
      clean(t, line.trimEnd())
    }
  }
  const terminal = recordedTerminal()
  const view = await createJoinView(hostileSeat, null, terminal)
  view.see({ kind: 'connection', peer: 3, up: false, reason: NASTY })
  for (const line of terminal.printed) {
    t.is(line.split('\n').length, 1)
    clean(t, line)
  }
})

test('names of all scripts are names', t => {
  const { id } = createIdentity()
  for (const name of ['Łukasz', '日本', 'می\u200cرود', 'O\'Neill "x"', '👩\u200d🚀']) {
    const parsed = cohortSchema.safeParse({ ...cohortDocument(), name, members: [{ name, id }] })
    t.true(parsed.success, name)
    if (parsed.success) t.is(cohortId(parsed.data).length, 64)
  }
})

/**
 * One flipped bit of one disk, with real peers (issue: attacks): all are killed, a bit of one log flips, all start
 * again. It went on from a step long past, signed a slot a second time, and was convicted.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type Running, run, start } from './concord.ts'
import { place } from './places.ts'

test.serial(
  'a peer whose log has a flipped bit refuses it in a sentence, and comes back with --forget',
  async t => {
    const files = await place(t, { steps: 5000 })
    const joining = (peer: number, ...more: string[]): Running => {
      const named = ['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!]
      const running = start(['join', ...named, '--no-mdns', '--log', 'json', '--log-level', 'debug', ...more])
      t.teardown(() => running.kill('SIGKILL'))
      return running
    }
    const first = [0, 1, 2, 3].map(peer => joining(peer))
    await first[1]!.until(/"step":([6-9]|\d\d+),"loss":\d/)
    for (const peer of first) peer.kill('SIGKILL')
    await Promise.all(first.map(({ ended }) => ended))
    const [state] = (await readdir(`${files.identityPaths[1]}.state`)).map(name =>
      join(`${files.identityPaths[1]}.state`, name),
    )
    const log = join(state!, 'peer.log')
    const bytes = await readFile(log)
    // A quarter of the file is in records that have one copy: the first record, which begins it, has another in its
    // middle or behind, where that was the end of the file when it was last rewritten.
    bytes[bytes.length >> 2]! ^= 1
    await writeFile(log, bytes)
    const others = [0, 2, 3].map(peer => joining(peer))
    const refused = await joining(1).ended
    t.is(refused.code, 1)
    t.regex(refused.stderr, /peer\.log is damaged at byte \d+: .* good records follow it.*--forget/)
    const told = await run('doctor', files.cohortPath, '--identity', files.identityPaths[1]!, '--no-mdns')
    t.regex(told.stdout, /peer\.log is damaged at byte/)
    const back = joining(1, '--forget')
    await back.until(/peer\.log could not be read and is now .*peer\.log\.bad-1/)
    const [, step] = await back.until(
      /As --forget asked, this peer starts without its log.* in the steps up to (\d+)/,
    )
    t.true(Number(step) >= 6, 'the watermark outlived the log')
    // Its own steps begin behind that.
    const [, again] = await back.until(/"step":(\d+),"loss"/)
    t.true(Number(again) > Number(step))
    for (const peer of [...others, back]) peer.kill('SIGKILL')
    await Promise.all([...others, back].map(({ ended }) => ended))
    const names = await readdir(files.folder, { recursive: true })
    t.deepEqual(
      names.filter(name => name.includes('evidence/')),
      [],
      'nobody was proved to lie',
    )
  },
)

test('a state directory that cannot be made is told in a sentence, whatever is in the way', async t => {
  const files = await place(t)
  const named = ['--cohort', files.cohortPath, '--identity', files.identityPaths[0]!, '--no-mdns']
  for (const [state, why] of [
    ['/proc/concord/state', /cannot be made: .+ \(E\w+\)\. Choose a place/],
    [
      join(files.cohortPath, 'state'),
      /cannot be made: a file is where a folder must be \(ENOTDIR\)\. Choose a place/,
    ],
  ] as const) {
    const { code, stderr } = await run('join', ...named, '--state', state)
    t.is(code, 1)
    t.true(stderr.includes(`the state directory ${state} cannot be made`), stderr)
    t.regex(stderr, why)
  }
})

test('--forget needs a place where something is remembered', async t => {
  const files = await place(t)
  const named = ['--cohort', files.cohortPath, '--identity', files.identityPaths[0]!]
  const { code, stderr } = await run('join', ...named, '--state', 'none', '--forget')
  t.is(code, 2)
  t.regex(stderr, /--forget needs a state directory, and --state is "none"/)
})

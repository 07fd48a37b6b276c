/** `concord simulate` with injected faults: what it prints, what it reports, and that it can be replayed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const line =
  'simulate --peers 7 --model softmax --batch 4 --steps 12 --crash 3@3 --restart 3@6 --isolate 0@8-10 --slow 1:2 --network lan --loss 0.01'

test('the timeline is printed and reported, and the same command shows it again', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'r.json')
  const first = await run(...line.split(' '), '--report', path)
  t.is(first.code, 0, first.stderr)
  t.regex(first.stdout, /\nstep 3, after \d+\.\d\d s: peer 3 crashed\n/)
  t.regex(first.stdout, /\nstep 6, after \d+\.\d\d s: peer 3 restarted, at step [23]\n/)
  t.regex(first.stdout, /: peer 3 caught up, with the messages kept for it, at step \d+\n/)
  t.regex(first.stdout, /\nstep 8, after \d+\.\d\d s: peer 0 was cut off from the rest, at step [78]\n/)
  const report = reportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  t.is(report.outcome, 'finished')
  t.deepEqual(report.violations, [])
  const events = report.timeline!.map(({ event, peers, step }) => `${event} ${peers} @${step}`)
  t.deepEqual(events.slice(0, 3), ['slow 1 @1', 'crash 3 @3', 'restart 3 @6'])
  t.true(events.includes('partition 0 @8') && events.includes('reconnect 0 @10'), events.join())
  const again = await run(...line.split(' '), '--report', path)
  t.is(again.code, 0)
  const second = reportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  t.is(second.trace, report.trace)
  t.deepEqual(second.timeline, report.timeline)
})

test('who is gone for good is no failure, and its row says so', async t => {
  const short = 'simulate --peers 4 --protocol rb-tm --byzantine 0 --model softmax --batch 4 --steps 4'
  const { code, stdout, stderr } = await run(...short.split(' '), '--crash', '2@2')
  t.is(code, 0, stderr)
  t.regex(
    stdout,
    /^Simulating 4 peers, at most 1 faulty; rb-tm, vectors whole; 4 steps of softmax on digits \(iid\), seed 1$/m,
  )
  t.regex(stdout, /2 +│ crashed/)
  t.regex(stdout, /3 honest peers agree/)
})

test('without any of it, nothing of it is in the report', async t => {
  const { stdout } = await run(
    ...'simulate --peers 4 --protocol rb-tm --model softmax --batch 4 --steps 2 --json'.split(' '),
  )
  t.false('timeline' in JSON.parse(stdout))
})

test('with --measure-every few steps are measured, the last among them; the run is the same', async t => {
  const line = 'simulate --peers 7 --model softmax --batch 4 --steps 3 --json'
  const reportWith = async (...more: string[]) => {
    const { code, stdout, stderr } = await run(...line.split(' '), ...more)
    t.is(code, 0)
    return { ...reportSchema.parse(JSON.parse(stdout)), said: stderr }
  }
  const all = await reportWith()
  t.is(all.measureEvery, undefined)
  t.notRegex(all.said, /was measured/)
  for (const [every, said] of [
    [0, /was measured in the last step alone\.$/m],
    [2, /was measured every 2 steps and in the last\.$/m],
  ] as const) {
    const some = await reportWith('--measure-every', `${every}`)
    t.is(some.measureEvery, every)
    t.regex(some.said, said)
    t.is(some.trace, all.trace)
    t.is(some.diameter.gradient, all.diameter.gradient)
    t.is(some.diameter.last, all.diameter.last)
  }
  const { code, stderr } = await runInside(
    ...line.split(' '),
    '--architecture',
    'server',
    '--measure-every',
    '2',
  )
  t.is(code, 2)
  t.regex(stderr, /--measure-every/)
})

test('under synchrony a peer that a fault strikes counts as faulty, and breaks no guarantee', async t => {
  const synchronous =
    'simulate --peers 7 --faults 1 --byzantine 0 --model softmax --batch 4 --steps 8 --synchronous'
  for (const fault of [
    ['--crash', '2@3'],
    ['--isolate', '2@3-5'],
  ]) {
    const { code, stdout, stderr } = await run(...synchronous.split(' '), '--sync-timeout', '500', ...fault)
    t.is(code, 0, `${fault}: ${stderr}`)
    t.notRegex(stdout, /guarantee was broken/)
  }
})

/**
 * The demo as a newcomer sees it: real processes over real connections. It finishes although a peer lies, goes on
 * when an honest process is killed, and when too few are left it waits and says for whom.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../../node/daemon/report.ts'
import { commandOf } from '../../oracle/support.ts'
import { start } from '../concord.ts'

/** A small model and little data a step: what is tested here is who talks to whom. */
const small = ['--model', 'softmax', '--batch', '8']

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Process ids of the peers, as the demo prints them. */
function pidsIn(stdout: string): readonly number[] {
  return [...stdout.matchAll(/peer \d+ {2}pid +(\d+)/g)].map(([, pid]) => Number(pid))
}

test.serial('a cohort finishes, agrees and is contrasted with plain averaging', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'r.json')
  const args = [
    'demo',
    '--peers',
    '4',
    '--protocol',
    'rb-tm',
    '--attack',
    'random',
    '--steps',
    '6',
    '--report',
    path,
  ]
  const { code, stdout, stderr } = await start([...args, ...small]).ended
  t.is(code, 0, stderr)
  t.regex(stdout, /peer 3 .*Byzantine: random/)
  t.regex(stdout, /step 6\/6/)
  t.regex(stdout, /3 honest peers agree .*although peer 3 sent random noise/)
  t.regex(stdout, /with plain averaging/)
  const report = reportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  t.like(report, {
    command: 'demo',
    outcome: 'finished',
    steps: 6,
    byzantine: { peers: [3], attack: 'random' },
  })
  t.deepEqual(
    report.honest.map(({ peer }) => peer),
    [0, 1, 2],
  )
  for (const { eventLoopDelayMs, ruleMilliseconds, bytesSent, distance } of report.honest) {
    t.true(eventLoopDelayMs !== null && eventLoopDelayMs.max >= eventLoopDelayMs.p50)
    t.true(ruleMilliseconds !== null && ruleMilliseconds > 0)
    t.true(bytesSent > 0 && distance !== null)
  }
  t.true(report.diameter.relative! < 0.5, String(report.diameter.relative))
  t.is(report.contrast?.protocol, 'mean')
  t.false(pidsIn(stdout).some(isAlive), 'no process outlives the demo')
})

test.serial('the same over QUIC', async t => {
  const { code, stdout, stderr } = await start(['demo', '--quic', '--steps', '3', '--no-contrast', ...small])
    .ended
  t.is(code, 0, stderr)
  t.regex(stdout, /6 honest peers agree .*although peer 6 sent/)
})

test.serial(
  'a program of the user’s that was given no data: nothing says that it learnt from any',
  async t => {
    const alone = ['demo', '--peers', '1', '--protocol', 'mean', '--steps', '2', '--json']
    const { code, stdout, stderr } = await start([...alone, '--oracle', commandOf('good')]).ended
    t.is(code, 0, stderr)
    t.regex(
      stderr,
      /^1 peer, one process, .*; mean, vectors by digest; 2 steps of external \(no --data\), seed 1$/m,
    )
    t.is(reportSchema.parse(JSON.parse(stdout)).data, null)
  },
)

test.serial('an honest process killed in the middle: the rest finish', async t => {
  const demo = start(['demo', '--steps', '60', '--no-contrast', ...small])
  const [, pid] = await demo.until(/peer 2 {2}pid +(\d+)/)
  await demo.until(/^step \d+\/60/m)
  process.kill(Number(pid), 'SIGKILL')
  const { code, stdout, stderr } = await demo.ended
  t.is(code, 0, stderr)
  t.regex(stdout, /peer 2 \(pid \d+\) was killed by SIGKILL; 6 of 7 are left/)
  t.regex(stdout, /│ 2 +│ killed by +│.*\n│ +│ SIGKILL/)
  t.regex(stdout, /5 honest peers agree .*although peer 6 sent/)
})

test.serial(
  'with a silent peer and a killed one too few answer: the rest wait, say for whom, and end when told',
  async t => {
    const demo = start(['demo', '--attack', 'silence', '--steps', '100000', '--no-contrast', ...small])
    const [, pid] = await demo.until(/peer 2 {2}pid +(\d+)/)
    await demo.until(/^step \d+\/100000/m)
    process.kill(Number(pid), 'SIGKILL')
    await demo.until(
      /peers? [\d, and]+ waits? at step \d+ for 1 more vector, from peer 2 \(gone\) or peer 6 \(Byzantine\)/,
    )
    demo.kill('SIGINT')
    const { code, stdout, stderr } = await demo.ended
    t.is(code, 1)
    t.regex(stderr, /The demo ended early \(interrupted\); peers 0, 1, 2, 3, 4 and 5 had not finished/)
    t.false(pidsIn(stdout).some(isAlive), 'no process outlives the demo')
  },
)

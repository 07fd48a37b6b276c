/** `--gradient-rule`: peers with unequal data learn what their protocol alone throws away; and where it is refused. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const unequal =
  'simulate --peers 7 --faults 1 --partition dirichlet:0.1 --model softmax --steps 40 --attack little'

test('nnm+cwtm in front: what the members learn of unequal data is more, and no guarantee is broken', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const accuracyOf = async (...more: string[]) => {
    const path = join(folder, 'r.json')
    const { code, stderr } = await run(...unequal.split(' '), ...more, '--report', path)
    t.is(code, 0, stderr)
    const report = reportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
    t.deepEqual(report.violations, [])
    t.is(report.cohort.gradientRule, more[1])
    return report.accuracy.min!
  }
  const plain = await accuracyOf()
  const mixed = await accuracyOf('--gradient-rule', 'nnm+cwtm')
  t.true(mixed > plain + 0.05, `${mixed} beside ${plain}`)
})

test('a name that is neither rule nor pre-aggregation is refused, with the nearest', async t => {
  for (const [name, says] of [
    ['nmm+cwtm', /"nmm" is none of the pre-aggregations .*did you mean nnm\?/],
    ['nnm+cwmt', /"cwmt" is none of the rules .*did you mean cwtm\?/],
  ] as const) {
    const { code, stderr } = await runInside('simulate', '--gradient-rule', name)
    t.is(code, 2)
    t.regex(stderr.replaceAll(/\s+/g, ' '), says)
  }
})

test('a rule that f liars can carry is refused, and one beside a server', async t => {
  const few = await runInside(
    'simulate',
    '--peers',
    '4',
    '--protocol',
    'rb-tm',
    '--gradient-rule',
    'bucketing',
  )
  t.is(few.code, 2)
  t.regex(
    few.stderr.replaceAll(/\s+/g, ' '),
    /bucketing makes 2 vectors of 3, and behind it more than 2f = 2/,
  )
  const server = await runInside('simulate', '--architecture', 'server', '--gradient-rule', 'nnm')
  t.is(server.code, 2)
  t.regex(server.stderr, /--gradient-rule/)
})

test('bounds say what is proved of a first rule on the vectors that a peer waits for, and where it cannot begin', async t => {
  const json = async (...args: string[]) => {
    const { code, stdout } = await runInside('bounds', '--json', ...args)
    t.is(code, 0)
    return JSON.parse(stdout) as { gradientRule: Record<string, unknown> }
  }
  const { gradientRule } = await json('--protocol', 'mda', '--peers', '7', '--gradient-rule', 'nnm+cwtm')
  // q = 6, f = 1: κ of cwtm is 6 · ¼ · (1 + ¼), and 8f/(q − f) · (κ + 1) behind nnm.
  t.deepEqual(gradientRule, {
    name: 'nnm+cwtm',
    why: null,
    robustness: (8 / 5) * (6 * 0.25 * 1.25 + 1),
    least: 0.25,
  })
  const few = await json('--protocol', 'rb-tm', '--peers', '7', '--gradient-rule', 'bucketing')
  t.regex(String(few.gradientRule.why), /more than 2f = 4 are needed/)
  t.is(few.gradientRule.robustness, null)
  const infeasible = ['bounds', '--protocol', 'mda', '--quorum', '3', '--gradient-rule', 'nnm+cwtm']
  t.regex((await runInside(...infeasible)).stdout, /the protocol guarantees nothing at these numbers/)
  const text = await runInside('bounds', '--peers', '7', '--gradient-rule', 'nnm')
  t.is(text.stdout.match(/begins the agreements on gradients: no κ of it is proved/g)?.length, 6)
})

/** `--gradient-rule`: peers with unequal data learn what their protocol alone throws away; and where it is refused. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'

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
    const { code, stderr } = await run('simulate', '--gradient-rule', name)
    t.is(code, 2)
    t.regex(stderr.replaceAll(/\s+/g, ' '), says)
  }
})

test('a rule that f liars can carry is refused, and one beside a server', async t => {
  const few = await run('simulate', '--peers', '4', '--protocol', 'rb-tm', '--gradient-rule', 'bucketing')
  t.is(few.code, 2)
  t.regex(
    few.stderr.replaceAll(/\s+/g, ' '),
    /bucketing makes 2 vectors of 3, and behind it more than 2f = 2/,
  )
  const server = await run('simulate', '--architecture', 'server', '--gradient-rule', 'nnm')
  t.is(server.code, 2)
  t.regex(server.stderr, /--gradient-rule/)
})

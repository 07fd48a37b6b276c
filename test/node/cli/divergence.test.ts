/** What the command line says of a run that leaves the finite numbers, in each command that learns. */
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { divergenceLines } from '../../../node/cli/view/result.ts'
import { divergenceSentence } from '../../../node/daemon/divergence.ts'
import { testCohort } from '../cohorts.ts'
import { run } from './concord.ts'

const HOT = ['--rate', '1e41', '--steps', '3', '--model', 'softmax', '--clip', 'none']

async function folder(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  return made
}

for (const [name, args, said] of [
  [
    'simulate',
    ['simulate', '--peers', '4', '--protocol', 'rb-tm', '--byzantine', '0'],
    /^peers 0, 1, 2 and 3: the learning has diverged: the parameters of step 1 overflow, with an average gradient of norm .*\. Lower the rate, which is 1e\+41, or clip gradients$/m,
  ],
  [
    'simulate with a server',
    ['simulate', '--architecture', 'server', '--peers', '3'],
    /^The learning has diverged: the parameters of step 1 are not finite; before, their norm was .*\. Lower the rate, which is 1e\+41, or clip gradients\. Meanwhile worker 2 sent/m,
  ],
] as const)
  test(`${name}: says where, for whom and what to lower, saves nothing, ends with 1`, async t => {
    const at = await folder(t)
    const [report, save] = [join(at, 'report.json'), join(at, 'learnt.safetensors')]
    const { code, stdout, stderr } = await run(...args, ...HOT, '--report', report, '--save', save)
    t.is(code, 1, stderr)
    t.regex(stderr, said)
    t.regex(stderr, /learnt\.safetensors was not written/)
    t.notRegex(stdout + stderr, /not-finite|holds what|agree exactly/)
    t.like(JSON.parse(await readFile(report, 'utf8')), { outcome: 'diverged', faults: [], violations: [] })
    await t.throwsAsync(access(save))
  })

test('what is to be lowered depends on where it happened, and on what is guaranteed', t => {
  const said = (
    divergence: Parameters<typeof divergenceSentence>[0],
    changes: Readonly<Record<string, unknown>> = {},
  ) => divergenceSentence(divergence, testCohort(changes))
  t.is(
    said({ step: 7, of: 'gradient', norm: 1234 }, { clip: 2 }),
    'the learning has diverged: the gradient of step 7 is not finite, at parameters of norm 1.23e+3. Lower the rate, which is 0.1',
  )
  t.regex(said({ step: 1, of: 'gradient', norm: 1 }), /No step has been taken yet, .*, not the rate$/)
  t.regex(
    said({ step: 7, of: 'parameters', norm: 1 }, { protocol: 'mean', unsafe: true }),
    /norm 1\.00e\+0\. Nothing is guaranteed here: mean tolerates no faulty peer.*\. A faulty peer may be the cause\. If none is, lower the rate, which is 0\.1, or clip gradients$/,
  )
  const first = { step: 1, of: 'gradient', norm: 1 } as const
  t.is(said(first, { protocol: 'mean', unsafe: true }), said(first), 'nobody has lied yet')
})

test('more liars than f are named before the rate', t => {
  const divergence = { step: 3, of: 'parameters', norm: 1e30 } as const
  const diverged = [0, 1].map(peer => ({ peer, divergence }))
  const why = '3 of 7 peers are Byzantine, and it is to tolerate f = 1'
  t.deepEqual(divergenceLines(diverged, testCohort(), why), [
    `peers 0 and 1: the learning has diverged: the parameters of step 3 overflow, with an average gradient of norm 1.00e+30. Nothing is guaranteed here: ${why}. A faulty peer may be the cause. If none is, lower the rate, which is 0.1, or clip gradients`,
  ])
  t.regex(
    divergenceLines(diverged, testCohort(), null)[0]!,
    /e\+30\. Lower the rate, which is 0\.1, or clip gradients$/,
  )
})

/** What a run says of its model and its settings, on tables: measures beside baselines, in lines and in the report. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { simulate } from '../../../node/cli/commands/simulate.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { type Report, reportSchema } from '../../../node/daemon/report.ts'
import { recordedTerminal } from './terminals.ts'

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-learnt-'))
  const table = (name: string, row: (i: number) => readonly (string | number)[]) =>
    writeFile(
      join(folder, name),
      ['a,b,target', ...Array.from({ length: 100 }, (_, i) => row(i).join(','))].join('\n'),
    )
  // One row in four is a yes, and every fifth row is for testing.
  const isYes = (i: number) => (7 * i) % 20 < 5
  await table('clear.csv', i => [isYes(i) ? 1.5 : -0.5, Math.sin(i), isYes(i) ? 'yes' : 'no'])
  await table('blind.csv', i => [0.5, -0.25, isYes(i) ? 'yes' : 'no'])
  await table('line.csv', i => [Math.sin(i), Math.cos(2 * i), 5 + 2 * Math.sin(i) - Math.cos(2 * i)])
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

async function run(file: string, ...args: readonly string[]): Promise<{ text: string; report: Report }> {
  const terminal = recordedTerminal()
  const program = { name: 'concord', version: '0', summary: '', commands: [simulate], terminal, debug: true }
  const argv = ['simulate', '--peers', '4', '--faults', '0', '--data', join(folder, file), '--json', ...args]
  if ((await runProgram(program, argv)) !== 0) throw new Error(terminal.warned.join('\n'))
  return {
    text: terminal.printed.join('\n'),
    report: reportSchema.parse(JSON.parse(terminal.written.join(''))),
  }
}

test('classes: recall by name, and what the most frequent class reaches, in the lines and in the report', async t => {
  const { text, report } = await run('clear.csv', '--model', 'mlp:8', '--steps', '40')
  t.regex(text, /^worst honest peer: balanced accuracy 100\.0 %, macro F1 1, AUROC 1$/m)
  t.regex(text, /^the most frequent class every time: accuracy 75\.0 %, balanced 50\.0 %$/m)
  t.regex(text, /^recall by class: no 100\.0 % of 15, yes 100\.0 % of 5$/m)
  t.regex(text, /and reach 100\.0 %\.$/m)
  t.is(report.honest.length, 4)
  for (const { metrics } of report.honest)
    t.deepEqual(metrics, {
      kind: 'classes',
      accuracy: 1,
      balancedAccuracy: 1,
      f1: 1,
      auroc: 1,
      recall: [
        { name: 'no', examples: 15, recall: 1 },
        { name: 'yes', examples: 5, recall: 1 },
      ],
      baseline: { accuracy: 0.75, balancedAccuracy: 0.5 },
    })
})

test('a model that always says no is said to have learnt nothing, and its recall of yes is 0', async t => {
  const { text } = await run('blind.csv', '--model', 'softmax', '--steps', '40')
  t.regex(text, /^worst honest peer: balanced accuracy 50\.0 %/m)
  t.regex(text, /^recall by class: no 100\.0 % of 15, yes 0\.0 % of 5$/m)
  t.regex(
    text,
    /have learnt nothing: they reach 75\.0 %, and naming the most frequent class every time reaches 75/,
  )
})

test('numbers: RMSE and R², for which a line that is not through the origin needs the intercept', async t => {
  const args = ['--steps', '150', '--rate', '0.3', '--clip', 'none', '--weight-decay', '0']
  const { text, report } = await run('line.csv', '--model', 'linear-regression:intercept', ...args)
  t.regex(text, /^worst honest peer: RMSE .*, R² 1; the mean of the targets every time has an R² of 0$/m)
  t.regex(text, /and reach an R² of 1\.$/m)
  const { metrics } = report.honest[0]!
  t.true(metrics?.kind === 'numbers' && metrics.rmse! < 0.1 && metrics.r2! > 0.99)
  const without = await run('line.csv', '--model', 'linear-regression', ...args)
  t.regex(without.text, /have learnt nothing: their R² is -/)
})

test('dropout and class weights: a run replays to the bit, and is another run and another cohort than without', async t => {
  const args = ['--model', 'mlp:8', '--steps', '5']
  const settings = [[], ['--dropout', '0.3'], ['--class-weights', 'balanced']]
  const runs = await Promise.all(settings.map(extra => run('clear.csv', ...args, ...extra)))
  t.is(new Set(runs.map(({ report }) => report.trace)).size, 3)
  t.is(new Set(runs.map(({ report }) => report.cohort.id)).size, 3)
  const again = await run('clear.csv', ...args, '--dropout', '0.3')
  t.is(again.report.trace, runs[1]!.report.trace)
  const off = await run('clear.csv', ...args, '--dropout', '0', '--class-weights', 'none')
  t.is(off.report.trace, runs[0]!.report.trace)
  t.is(off.report.cohort.id, runs[0]!.report.cohort.id)
})

test('evaluated on the way: the report has the series, of peers and of a server, and the learning stays the same', async t => {
  const args = ['--model', 'softmax', '--steps', '12', '--seed', '3']
  const every = ['--evaluate-every', '5']
  const [plain, evaluated] = await Promise.all([
    run('clear.csv', ...args),
    run('clear.csv', ...args, ...every),
  ])
  t.is(plain.report.honest[0]!.series, undefined)
  t.not(plain.report.cohort.id, evaluated.report.cohort.id)
  for (const { series, loss } of evaluated.report.honest) {
    t.deepEqual(
      series!.map(({ step }) => step),
      [5, 10, 12],
    )
    t.true(series![0]!.loss! > series![2]!.loss! && series![2]!.loss! === loss!)
    t.true(
      series!.every(({ metrics, accuracy }) => metrics?.kind === 'classes' && metrics.accuracy === accuracy),
    )
  }
  t.deepEqual(
    evaluated.report.honest.map(({ loss, metrics }) => [loss, metrics]),
    plain.report.honest.map(({ loss, metrics }) => [loss, metrics]),
  )
  const server = await run('clear.csv', '--architecture', 'server', '--rule', 'mean', ...args, ...every)
  t.deepEqual(
    server.report.honest[0]!.series!.map(({ step }) => step),
    [0, 5, 10],
  )
})

test('balanced: where nothing can be told from the rows, the rare class is as probable as the other', async t => {
  const args = ['--model', 'softmax', '--steps', '60', '--weight-decay', '0']
  const [plain, balanced] = await Promise.all([
    run('blind.csv', ...args),
    run('blind.csv', ...args, '--class-weights', 'balanced'),
  ])
  const lossOf = ({ report }: { report: Report }) => report.honest[0]!.loss!
  const entropy = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75))
  t.true(Math.abs(lossOf(plain) - entropy) < 0.05, `${lossOf(plain)}, ${entropy}`)
  t.true(Math.abs(lossOf(balanced) - Math.LN2) < 0.05, `${lossOf(balanced)}, ${Math.LN2}`)
})

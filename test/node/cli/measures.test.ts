/** What reports say beside accuracy: heterogeneity, the gain over learning alone, how far a back door has come. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Report, reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'

async function reportOf(t: ExecutionContext, line: string): Promise<{ report: Report; stdout: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'r.json')
  const { code, stderr, stdout } = await run(...line.split(' '), '--report', path)
  t.is(code, 0, stderr)
  return { report: reportSchema.parse(JSON.parse(await readFile(path, 'utf8'))), stdout }
}

test('ζ² of gradients is larger where data are less alike, and is given at each measured step', async t => {
  const line = 'simulate --peers 5 --model softmax --steps 12 --byzantine 0'
  const equal = (await reportOf(t, line)).report.heterogeneity!
  const unequal = (await reportOf(t, `${line} --partition label --measure-every 5`)).report.heterogeneity!
  t.deepEqual(
    equal.series.map(({ step }) => step),
    Array.from({ length: 12 }, (_, i) => i + 1),
  )
  t.deepEqual(
    unequal.series.map(({ step }) => step),
    [5, 10, 12],
  )
  t.true(unequal.mean > 3 * equal.mean, `${unequal.mean} ${equal.mean}`)
  t.is(unequal.last, unequal.series.at(-1)!.squared)
  // A half of the mean squared distance of two of them is at most that of the two farthest.
  for (const { squared, diameter } of equal.series) t.true(squared > 0 && squared <= diameter ** 2 / 2)
})

for (const architecture of ['peers', 'server --rule cwtm', 'gossip --topology complete --rule cwtm'])
  test(`--alone: what each honest peer gains, among ${architecture}`, async t => {
    const line = `simulate --architecture ${architecture} --peers 7 --faults 1 --model softmax --steps 15`
    const { report, stdout } = await reportOf(t, `${line} --partition label --alone`)
    t.is(report.honest.length, 6)
    for (const { accuracy, alone } of report.honest) {
      t.true(Math.abs(accuracy! - alone!.accuracy! - alone!.gain!) < 1e-12)
      t.true(alone!.accuracy! < 0.6, 'a peer that has seen two classes knows no others')
    }
    t.regex(
      stdout,
      /alone, on their own shares: accuracy .* on average, .* at the worst; together each gains/,
    )
  })

test('an honest peer that is alone anyway gains nothing', async t => {
  const { report } = await reportOf(t, 'simulate --peers 1 --faults 0 --model softmax --steps 10 --alone')
  t.is(report.honest[0]!.alone!.gain, 0)
})

test('backdoor: the report has the trigger rate of every honest peer, at the end and on the way', async t => {
  const line = 'simulate --peers 7 --faults 1 --model softmax --steps 12 --attack backdoor:target=3,side=4'
  const { report, stdout } = await reportOf(t, `${line} --evaluate-every 6`)
  for (const { triggerRate, series } of report.honest) {
    t.true(triggerRate! >= 0 && triggerRate! <= 1)
    t.true(series!.length >= 2)
    for (const point of series!) t.is(typeof point.triggerRate, 'number')
  }
  t.regex(stdout.replaceAll(/\s+/g, ' '), /back door: with the trigger .* are taken for its target/)
  const { report: plain } = await reportOf(t, 'simulate --peers 7 --faults 1 --model softmax --steps 2')
  t.false('triggerRate' in plain.honest[0]!)
  t.false('alone' in plain.honest[0]!)
})

test('backdoor is refused beside a program that reads its own data', async t => {
  const { code, stderr } = await run(
    ...'simulate --peers 7 --faults 1 --steps 2 --attack backdoor --model external'.split(' '),
    ...['--oracle', 'cat'],
  )
  t.is(code, 1)
  t.regex(
    stderr.replaceAll(/\s+/g, ' '),
    /the attack backdoor paints its trigger into images that Concord reads/,
  )
})

test('--alone is refused where all workers share the data', async t => {
  const { code, stderr } = await run(
    'simulate',
    '--architecture',
    'server',
    '--partition',
    'shared',
    '--alone',
  )
  t.is(code, 2)
  t.regex(stderr.replaceAll(/\s+/g, ' '), /with --partition shared none has one; expected another partition/)
})

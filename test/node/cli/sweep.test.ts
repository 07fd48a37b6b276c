/** `concord sweep` as its users start it: killed and continued, in shards on real processes, and what bad input gets. */
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { comparable, placeOf, rowsOf, small } from '../sweep/folders.ts'
import { run, start } from './concord.ts'
import { runInside } from './inside.ts'

async function storedIn(folder: string): Promise<number> {
  const names = existsSync(join(folder, 'runs')) ? await readdir(join(folder, 'runs')) : []
  return names.filter(name => name.endsWith('.json')).length
}

test.serial(
  'killed twice and continued, the results are those of an undisturbed run, to the bit',
  async t => {
    const { folder, file } = await placeOf(t, { ...small, seeds: 2 })
    const [killed, whole] = [join(folder, 'killed'), join(folder, 'whole')]
    for (const runs of [2, 7]) {
      const running = start(['sweep', file, '--out', killed])
      while ((await storedIn(killed)) < runs) await new Promise(setImmediate)
      running.kill('SIGKILL')
      await running.ended
      t.false(existsSync(join(killed, 'results.jsonl')))
      const table = await run('sweep', 'results', killed)
      t.is(table.code, 0, table.stderr)
      t.regex(table.stderr, /killed: \d+ of 16 runs have no result yet; the same "concord sweep" runs them/)
      t.regex(
        (await run('sweep', 'merge', killed, '-o', join(folder, 'merged'))).stdout,
        /of the grid are in none/,
      )
    }
    const last = await run('sweep', file, '--out', killed)
    t.is(last.code, 0, last.stderr)
    t.regex(last.stdout, /16 runs, (?:[7-9]|1\d) of them done before/)
    t.is((await run('sweep', file, '--out', whole)).code, 0)
    t.deepEqual(comparable(await rowsOf(killed)), comparable(await rowsOf(whole)))
  },
)

test.serial(
  'Ctrl-C ends it at once, says how many runs are left, and keeps those that have ended',
  async t => {
    const { folder, file } = await placeOf(t, { ...small, seeds: 20 })
    const running = start(['sweep', file, '--out', join(folder, 'out')])
    while ((await storedIn(join(folder, 'out'))) < 2) await new Promise(setImmediate)
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    t.is(code, 130)
    const [, left] = /interrupted; (\d+) runs left/.exec(stderr) ?? []
    t.is(Number(left) + (await storedIn(join(folder, 'out'))), 160)
  },
)

test.serial('where nothing can be stored, a sentence says so, exit 1', async t => {
  const { folder, file } = await placeOf(t, small)
  await writeFile(join(folder, 'out'), 'in the way')
  const { code, stderr } = await run('sweep', file, '--out', join(folder, 'out'))
  t.is(code, 1)
  t.regex(stderr, /out.runs cannot be written: a file is where a folder must be/)
})

test.serial('two shards as two processes, merged, are one run', async t => {
  const { folder, file } = await placeOf(t, small)
  const parts = [1, 2].map(part => join(folder, `part-${part}`))
  const ended = await Promise.all(
    parts.map((part, place) => run('sweep', file, '--shard', `${place + 1}/2`, '--out', part)),
  )
  t.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
  )
  const whole = join(folder, 'whole')
  const merged = await run('sweep', 'merge', ...parts, '-o', whole)
  t.is(merged.code, 0, merged.stderr)
  const alone = join(folder, 'alone')
  t.is((await run('sweep', file, '--out', alone)).code, 0)
  t.deepEqual(comparable(await rowsOf(whole)), comparable(await rowsOf(alone)))
  const table = await run('sweep', 'results', whole, '--group', 'rule', '--worst', 'attack')
  t.regex(table.stdout, /cwtm/)
})

test.serial('a dry run lists the runs and writes nothing', async t => {
  const { folder, file } = await placeOf(t, { ...small, axes: { ...small.axes, faults: [1, 3] } })
  const { code, stdout } = await run('sweep', file, '--out', join(folder, 'out'), '--dry-run')
  t.is(code, 0)
  t.regex(
    stdout,
    /skipped: rule mean, attack sign-flip, faults 3; rule mean, attack zero,\s+faults 3;[^:]*: [^:]*no rule\s+stands\s+more\s+than\s+2/,
  )
  t.is(stdout.match(/skipped/g)!.length, 1)
  t.regex(stdout, /4 runs of 8 to do, in about/)
  t.deepEqual(await readdir(folder), ['sweep.yaml'])
})

test.serial('a dry run: 1 where a run would fail; a lie that would never begin is skipped', async t => {
  const settings = { ...small.settings, steps: 2, faults: 1 }
  const axes = { attack: ['zero', 'late+zero', './breaks.ts'] }
  const { folder, file } = await placeOf(t, { settings, axes })
  await writeFile(join(folder, 'breaks.ts'), "export const attack = { forge() { throw new Error('no') } }\n")
  const { code, stdout, stderr } = await run('sweep', file, '--out', join(folder, 'out'), '--dry-run')
  t.is(code, 1)
  t.regex(stdout, /skipped: attack late\+zero: [\s\S]*lies\s+from\s+step\s+50/)
  t.regex(stderr, /breaks\.ts[\s\S]*no/)
})

test.serial('a failed run: the rest go on, exit 1 at the end', async t => {
  const axes = { rule: ['cwtm', './breaks.ts'] }
  const { folder, file } = await placeOf(t, { settings: { ...small.settings, steps: 1, faults: 1 }, axes })
  await writeFile(
    join(folder, 'breaks.ts'),
    "export function rule(vectors: Float32Array[]) { if (vectors[0]!.length > 2) throw new Error('too long'); return vectors[0] }\n",
  )
  const { code, stdout, stderr } = await run('sweep', file, '--out', join(folder, 'out'), '--json')
  t.is(code, 1)
  t.regex(stderr, /failed: [0-9a-f]{16}: rule \.\/breaks\.ts, seed 1: .*too long/)
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.deepEqual(
    rows.map(({ status }) => status),
    ['done', 'failed'],
  )
})

const wrong: readonly (readonly [document: unknown, message: RegExp])[] = [
  [{ ...small, axis: {} }, /axis: unknown field; did you mean axes\?/],
  [{ ...small, exclude: [{ faults: [1, 2] }] }, /the grid is empty/],
  [{ settings: { ...small.settings, model: 'sotfmax' } }, /settings\.model is "sotfmax"; expected one of/],
  [{ settings: { architecture: 'server', data: 'nowhere.csv' } }, /nowhere\.csv/],
  [{ settings: { learningRate: 0.1 } }, /no setting learningRate; did you mean rate\?/],
  [
    { axes: { rule: ['nnm'] } },
    /and nnm\s+stands in front of a rule; expected one behind it, as in nnm\+cwtm/,
  ],
  [{ settings: { architecture: 'server', rule: './no.ts' } }, /no\.ts: there is no such file/],
]

for (const [document, message] of wrong)
  test.serial(`wrong usage, exit 2: ${message.source}`, async t => {
    const { folder, file } = await placeOf(t, document)
    const { code, stderr } = await runInside('sweep', file, '--out', join(folder, 'out'))
    t.is(code, 2, stderr)
    t.regex(stderr, message)
    t.false(existsSync(join(folder, 'out')), 'nothing was written')
  })

/** docs/own-rule.md: its files are written as they stand there, its commands and its program run. */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'csv-parse/sync'
import { parseNpy } from '../../../learning/data/npy.ts'
import { loadModule } from '../../../node/files/own-module.ts'
import { type Ended, main } from './concord.ts'

const page = await readFile('docs/own-rule.md', 'utf8')
/** By name. */
const files = new Map(
  [...page.matchAll(/^`([\w-]+\.ts)`:\n\n```ts\n(.*?)^```$/gms)].map(([, name, code]) => [name!, code!]),
)
const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) => block!.trim().split('\n'))

/** A folder of CommonJS, as `npm init` makes one, with the page's files in it. */
async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  await writeFile(join(path, 'package.json'), '{ "name": "mine", "type": "commonjs" }')
  for (const [name, code] of files) await writeFile(join(path, name), code)
  await mkdir(join(path, 'docs/examples'), { recursive: true })
  await copyFile('docs/examples/vectors.npy', join(path, 'docs/examples/vectors.npy'))
  return path
}

function runIn(cwd: string, command: string): Promise<Ended> {
  const [program, ...args] = command.split(' ')
  if (program !== 'concord') throw new Error(`the page runs ${program}`)
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...env } = process.env
  const child = spawn(process.execPath, [main, ...args], { cwd, env })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', text => {
      said[stream] += text
    })
  return new Promise(resolve => child.on('close', code => resolve({ code, ...said })))
}

test('the page has a rule and an attack, under 30 lines together, a program and a protocol', t => {
  t.deepEqual([...files.keys()], ['nearest-middle.ts', 'overshoot.ts', 'try.ts', 'patient.ts'])
  const lines = ['nearest-middle.ts', 'overshoot.ts'].map(name => files.get(name)!.trim().split('\n').length)
  t.true(lines[0]! + lines[1]! < 30, `${lines}`)
  t.deepEqual(
    [...new Set(commands.map(command => command.split(' ')[1]))],
    ['aggregate', 'agree', 'simulate', 'sweep'],
  )
})

test('aggregate: the rule leaves the two lies of the example out', async t => {
  const path = await folder(t)
  const [command] = commands.filter(each => each.startsWith('concord aggregate'))
  const { code, stdout, stderr } = await runIn(path, command!)
  t.is(code, 0, stderr)
  t.regex(
    stdout,
    /^nearest-middle\.ts@[0-9a-f]{12} of 10 vectors of 3 coordinates, 2 of them possibly faulty/m,
  )
  t.regex(stdout, /nothing is guaranteed/)
  const { values } = parseNpy(new Uint8Array(await readFile(join(path, 'out.npy'))), 'out.npy')
  for (const [i, value] of [...values].entries()) t.true(Math.abs(Number(value) - (i + 1)) < 0.2, `${values}`)
})

test('aggregate: with half of the vectors faulty it says that no rule can; with all it is refused', async t => {
  const path = await folder(t)
  const aggregate = (f: number) =>
    runIn(
      path,
      `concord aggregate --rule ./nearest-middle.ts --faults ${f} docs/examples/vectors.npy -o out.npy`,
    )
  const half = await aggregate(5)
  t.is(half.code, 0, half.stderr)
  t.regex(half.stdout, /with 5 faulty of 10 no rule can tell which are honest: that takes 2f < n/)
  const all = await aggregate(10)
  t.is(all.code, 2)
  t.regex(all.stderr, /--faults is 10: at least one of 10 vectors must be honest; expected at most 9/)
})

for (const command of commands.filter(each => /^concord (agree|simulate)/.test(each)))
  test(command, async t => {
    const path = await folder(t)
    const { code, stdout, stderr } = await runIn(path, command)
    t.is(code, 0, stderr)
    const isServer = command.includes('server')
    t.regex(
      stdout,
      isServer ? /nearest-middle\.ts@\w{12} and 10 workers/ : /is not one of ours: nothing is guaranteed/,
    )
    if (!command.includes('--csv')) return
    const rows: Record<string, string>[] = parse(await readFile(join(path, 'rows.csv')), { columns: true })
    t.is(rows.length, 20 * 11)
    t.deepEqual(
      [...new Set(rows.map(({ seed }) => seed))].map(Number),
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    t.true(
      rows.every(row => row.attack === 'overshoot' && /^standard-form@nearest-middle/.test(row.protocol!)),
    )
    t.true(rows.every(row => row.contraction_bound === '' && Number.isFinite(Number(row.diameter))))
    const [start, first] = rows
    t.deepEqual([start!.iteration, start!.contraction, first!.iteration], ['0', '', '1'])
    t.is(Number(first!.diameter) / Number(start!.diameter), Number(first!.contraction))
  })

test('a sweep: the page’s rule and attack are in the results, on its page, and in the heat map', async t => {
  const path = await folder(t)
  const [, name, sweep] = /^.*`(\w+\.yaml)`.*\n\n```yaml\n(.*?)^```$/ms.exec(page)!
  await writeFile(join(path, name!), sweep!)
  const [run, table] = commands.filter(each => each.startsWith('concord sweep'))
  const { code, stderr } = await runIn(path, run!)
  t.is(code, 0, stderr)
  const swept = join(path, 'swept/beside')
  const rows: Record<string, string>[] = parse(await readFile(join(swept, 'results.csv')), { columns: true })
  t.is(rows.length, 3 * 3 * 3)
  const mine = rows.filter(
    ({ rule, attack }) => rule === './nearest-middle.ts' && attack === './overshoot.ts',
  )
  t.deepEqual(
    mine.map(({ status, accuracyMean }) => [status, Number(accuracyMean) > 0]),
    Array(3).fill(['done', true]),
  )
  const html = await readFile(join(swept, 'index.html'), 'utf8')
  const [, packed] = /<script type="application\/gzip" id="\w+">([^<]*)/.exec(html)!
  const shown = gunzipSync(Buffer.from(packed!, 'base64')).toString()
  const map = await readFile(join(swept, 'figures/heat-mean-accuracyMean.svg'), 'utf8')
  for (const own of ['nearest-middle.ts', 'overshoot.ts']) {
    t.true(shown.includes(own), own)
    t.true(map.includes(own), own)
  }
  const { stdout } = await runIn(path, table!)
  t.regex(stdout, /\.\/nearest-middle\.ts/)
})

test('the program runs', async t => {
  await t.notThrowsAsync(loadModule(join(await folder(t), 'try.ts')))
})

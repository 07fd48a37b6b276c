/**
 * `npm run fewer-bytes -- --data DIR`: the figures and the plots of docs/fewer-bytes.md, from MNIST's four files in DIR.
 *
 * Each run is one `concord simulate`. Its figures go to docs/fewer-bytes.json at once, and runs that are in there are not
 * repeated (`--fresh` repeats all). `--seeds N` (default 3), `--jobs N` (default 2) at a time; without `--data` it only draws.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { argumentsOf, type Case, casesOf, keyOf } from './cases.ts'
import { drawPlots, tableOf } from './draw.ts'
import { type Figures, type Run, runOf } from './figures.ts'

const DOCS = new URL('../../docs/', import.meta.url)
const FIGURES = new URL('fewer-bytes.json', DOCS)
const PROGRAM = new URL('../../node/cli/main.ts', import.meta.url)

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '2' },
    fresh: { type: 'boolean', default: false },
  },
})

const figures: Record<string, Run> = values.fresh ? {} : await known()
if (values.data !== undefined) await measure(casesOf(Number(values.seeds)), values.data)
for (const [name, svg] of await drawPlots(figures)) await writeFile(new URL(name, DOCS), svg)
console.log(tableOf(figures))

async function known(): Promise<Record<string, Run>> {
  try {
    return JSON.parse(await readFile(FIGURES, 'utf8')) as Figures
  } catch {
    return {}
  }
}

async function measure(cases: readonly Case[], data: string): Promise<void> {
  const left = cases.filter(each => figures[keyOf(each)] === undefined)
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      figures[keyOf(next)] = await run(next, data)
      await writeFile(FIGURES, `${JSON.stringify(figures, null, 1)}\n`)
      console.log(keyOf(next), figures[keyOf(next)]!.accuracy)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work))
}

async function run(each: Case, data: string): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'fewer-bytes-'))
  try {
    const report = join(folder, 'report.json')
    const options = [...argumentsOf(each, data), '--report', report]
    await promisify(execFile)(process.execPath, [PROGRAM.pathname, ...options], { maxBuffer: 2 ** 26 })
    return runOf(JSON.parse(await readFile(report, 'utf8')))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * `npm run fewer-bytes -- --data DIR`: the figures, tables and plots of docs/fewer-bytes.md, from MNIST's four files in DIR.
 *
 * Each run is one `concord simulate`. Its figures go to docs/fewer-bytes.json at once, and runs that are in there are not
 * repeated (`--fresh` repeats them). `--seeds N` (default 3), `--jobs N` (default 2) at a time. Without `--data` it counts
 * bytes, on drawn digits, and draws; what was learnt from MNIST stays.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { argumentsOf, casesOf, countedArgumentsOf, countedCases, countedKeyOf, keyOf } from './cases.ts'
import { bytesOf, figuresSchema, runOf } from './figures.ts'
import { drawPlots } from './plots.ts'
import { accuracyTable, bytesTable } from './tables.ts'

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

const { data } = values
const { bytes, learning } = await known()
await measure(countedCases, bytes, countedKeyOf, async each => bytesOf(await run(countedArgumentsOf(each))))
if (data !== undefined)
  await measure(casesOf(Number(values.seeds)), learning, keyOf, async each =>
    runOf(await run(argumentsOf(each, data))),
  )
for (const [name, svg] of await drawPlots({ bytes, learning })) await writeFile(new URL(name, DOCS), svg)
console.log(`${bytesTable({ bytes, learning })}\n\n${accuracyTable({ bytes, learning })}`)

/** What was measured before and is not measured again. */
async function known() {
  const before = figuresSchema.parse(JSON.parse(await readFile(FIGURES, 'utf8')))
  if (!values.fresh) return before
  return { bytes: {}, learning: data === undefined ? before.learning : {} }
}

/** Measures the cases that are not among the results yet, and writes all after each. */
async function measure<C, R>(
  cases: readonly C[],
  results: Record<string, R>,
  key: (each: C) => string,
  measured: (each: C) => Promise<R>,
): Promise<void> {
  const left = cases.filter(each => results[key(each)] === undefined)
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      results[key(next)] = await measured(next)
      await writeFile(FIGURES, `${JSON.stringify({ bytes, learning }, null, 1)}\n`)
      console.log(key(next))
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work))
}

/** The report of one run. */
async function run(command: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'fewer-bytes-'))
  try {
    const report = join(folder, 'report.json')
    const options = [PROGRAM.pathname, ...command, '--report', report]
    await promisify(execFile)(process.execPath, options, { maxBuffer: 2 ** 26 })
    return JSON.parse(await readFile(report, 'utf8'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

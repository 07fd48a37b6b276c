/**
 * `npm run own-data`: the README's story of members with data of their own, on hosts of a network of namespaces, by the
 * commands that people type. Three learn; a fourth lies, about the statistics first and about its vectors then. What they
 * reach together stands beside what each reaches alone and what all their rows would reach in one place. Every byte that
 * leaves the three is kept, and searched for their rows.
 *
 * `--seed N`, `--report FILE`. Exit code: 0 passed, 1 not, 3 where this machine cannot (it says what it lacks).
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { createLan, lacking } from '../lan-test/network.ts'
import { type Figures, type StoryOptions, tell } from './story.ts'

const CANNOT = 3
/** What members reach together may be this much below what their rows reach in one place. Balanced accuracy. */
const POOLED_LESS = 0.01

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
  },
})

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

function print(figures: Figures): void {
  const table = new Table({ head: ['balanced accuracy', 'on all hold-outs'] })
  table.push(['together, with a liar: as agreed', percent(figures.agreed)])
  table.push(['all honest rows in one place', percent(figures.pooled)])
  for (const { name, alone } of figures.alone) table.push([`${name} alone`, percent(alone)])
  console.log(table.toString())
}

async function main(): Promise<void> {
  const lack = lacking()
  if (lack !== null) {
    console.error(`own-data cannot run here: ${lack}.`)
    process.exitCode = CANNOT
    return
  }
  const quality = { megabitsPerSecond: 200, dropOneIn: 1000, delayMs: 0, kind: 'isolated' } as const
  const lan = createLan(
    `own-${process.pid}`,
    Array.from({ length: 4 }, () => quality),
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  try {
    const options: StoryOptions = { hosts: lan.hosts, seed: Number(values.seed), say: console.log }
    const { figures, checks } = await tell(options)
    print(figures)
    const all = [
      ...checks,
      {
        what: 'together they are as good as all rows in one place',
        holds: figures.agreed >= figures.pooled - POOLED_LESS,
      },
      { what: 'each alone is worse', holds: figures.alone.every(({ alone }) => alone < figures.agreed) },
    ]
    for (const { what, holds } of all) console.log(`${holds ? 'yes' : 'NO '}  ${what}`)
    if (values.report !== undefined)
      await writeFile(values.report, JSON.stringify({ figures, checks: all }, null, 2))
    process.exitCode = all.every(({ holds }) => holds) ? 0 : 1
  } finally {
    lan.remove()
  }
}

await main()

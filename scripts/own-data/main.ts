/**
 * `npm run own-data`: the README's story of members with data of their own, by the commands that people type, on hosts in
 * network namespaces. Three learn; a fourth lies, about the statistics first and about its vectors then. What they reach
 * together stands beside what each reaches alone and what all their rows would reach in one place. Every byte that leaves
 * the three is kept, and searched for their rows.
 *
 * `--of tables`, `images` or `pytorch` (images, by `--oracle`), `--seed N`, `--report FILE`. Exit code: 0 passed, 1 not, 3 where this machine cannot (it says what it lacks).
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { createLan, lacking } from '../lan-test/network.ts'
import { createStage } from './stage.ts'
import { type Figures, memberNames, tell } from './story.ts'
import { subjects } from './subject.ts'

const CANNOT = 3
/** What members reach together may be this much below what their rows reach in one place. */
const BELOW_POOLED_MAX = 0.01

const { values } = parseArgs({
  options: {
    of: { type: 'string', default: 'tables' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
  },
})

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

function tableOf({ agreed, saved, pooled, alone }: Figures): string {
  const table = new Table({
    head: ['', 'balanced accuracy on all hold-outs'],
    style: { head: [], border: [] },
  })
  table.push(
    ['together, as agreed', percent(agreed)],
    ['together, as saved', percent(saved)],
    ['all rows in one place', percent(pooled)],
  )
  for (const [name, share] of Object.entries(alone)) table.push([`${name} alone`, percent(share)])
  return table.toString()
}

async function main(): Promise<void> {
  const lack = lacking()
  if (lack !== null) {
    console.error(`own-data cannot run here: ${lack}.`)
    process.exitCode = CANNOT
    return
  }
  const subject = subjects[values.of]
  if (subject === undefined)
    throw new Error(`--of is ${values.of}; expected one of ${Object.keys(subjects).join(', ')}`)
  const quality = { megabitsPerSecond: 200, dropOneIn: 1000, delayMs: 0, kind: 'isolated' } as const
  const lan = createLan(
    `own-${process.pid}`,
    memberNames.map(() => quality),
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  const startedMs = performance.now()
  const hosts = new Map(memberNames.map((name, place) => [name, lan.hosts[place]!]))
  const stage = await createStage(hosts, console.log)
  try {
    const { figures, checks } = await tell(stage, subject, Number(values.seed))
    // A program agrees on figures of what it holds out itself, which are other examples than those measured here.
    const together = subject.oracle === null ? Math.min(figures.saved, figures.agreed) : figures.saved
    const all = [
      ...checks,
      {
        what: 'together they are as good as all rows in one place, within a point',
        holds: together >= figures.pooled - BELOW_POOLED_MAX,
      },
      {
        what: 'each alone is worse',
        holds: Object.values(figures.alone).every(alone => alone < together),
      },
    ]
    console.log(tableOf(figures))
    for (const { what, holds } of all) console.log(`${holds ? 'yes' : 'NO '}  ${what}`)
    console.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
    const report = { figures, checks: all }
    if (values.report !== undefined) await writeFile(values.report, `${JSON.stringify(report, null, 2)}\n`)
    process.exitCode = all.every(({ holds }) => holds) ? 0 : 1
  } finally {
    await stage.remove()
    lan.remove()
  }
}

await main()

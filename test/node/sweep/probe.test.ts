/** The estimate of a dry run, where a file of the user's does not come back, or throws. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { cellsOf } from '../../../node/sweep/grid.ts'
import { createPlanner } from '../../../node/sweep/plan.ts'
import { estimateSeconds } from '../../../node/sweep/probe.ts'
import { sweepOf } from '../../../node/sweep/read-sweep.ts'
import { placeOf, small } from './folders.ts'

test.serial('a kind of run that hangs or fails is named, and the others are estimated', async t => {
  const document = {
    settings: { ...small.settings, faults: 1 },
    axes: { attack: ['./hangs.ts', './throws.ts', 'zero'] },
  }
  const { folder } = await placeOf(t, document)
  await writeFile(join(folder, 'hangs.ts'), 'export const attack = { forge() { for (;;); } }\n')
  await writeFile(join(folder, 'throws.ts'), "export const attack = { forge() { throw new Error('no') } }\n")
  const definition = sweepOf(document, { source: 'test', base: folder })
  const planned = await (await createPlanner(definition)).plan(cellsOf(definition), null)
  const [hangs, ...others] = planned
  // Its own time is over at once, and the thread is ended the first time that it is looked at.
  const stop = { ...hangs!.job.stop, afterSeconds: 0.01 }
  const runs = [{ ...hangs!, job: { ...hangs!.job, stop } }, ...others]
  const [first, second, third] = await estimateSeconds(runs, { silentMs: 600_000, overdueMs: 1 })
  t.is(first!.seconds, null)
  t.regex(first!.why!, /no step was done for \d+ s/)
  t.is(second!.seconds, null)
  t.regex(second!.why!, /throws\.ts.*no/)
  t.true(third!.seconds! > 0)
})

/** From plan to results.json: runs in threads, resumption, and what is told on the way. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { ReproduceError, runPool } from '../../../node/reproduce/pool.ts'
import { experimentNamed } from '../../../node/reproduce/registry.ts'
import { type RunProgress, reproduce } from '../../../node/reproduce/reproduce.ts'
import { ResultsError, readRuns } from '../../../node/reproduce/results.ts'

const redundancy = experimentNamed('redundancy')!
const settings = { quick: true, seeds: 1, data: [{ name: 'digits', path: 'digits' }] }

async function place(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'concord-')), 'deep', 'results.json')
}

async function run(path: string, fresh = false) {
  const told = { runs: 0, earlier: 0, progress: [] as RunProgress[] }
  const done = await reproduce({
    experiment: redundancy,
    settings,
    path,
    fresh,
    threads: 1,
    onPlan: plan => Object.assign(told, plan),
    onProgress: progress => told.progress.push(progress),
  })
  return { ...done, told }
}

test('redundancy: the printed x_H and ε, both filters within ε, averaging not, Theorem 2 within 2ε', async t => {
  const path = await place()
  const { findings, results, told } = await run(path)
  t.deepEqual(
    findings.verdicts.map(({ holds }) => holds),
    [true, true, true, true],
  )
  t.is(findings.verdicts[0]!.measured, 'x_H = (1.0780, 0.9825), ε = 0.0890')
  t.is(told.earlier, 0)
  t.deepEqual(told.progress.at(-1), {
    finished: told.runs,
    runs: told.runs,
    done: 1,
    secondsLeft: told.progress.at(-1)!.secondsLeft,
  })
  t.is(results.runs.length, told.runs)
  t.deepEqual(JSON.parse(await readFile(path, 'utf8')), JSON.parse(JSON.stringify(results)))

  // Once more: everything is there, nothing runs, the findings are the same.
  const again = await run(path)
  t.is(again.told.earlier, told.runs)
  t.deepEqual(again.told.progress, [])
  t.deepEqual(again.findings.verdicts, findings.verdicts)

  // One run gone: only that one runs.
  const saved = JSON.parse(await readFile(path, 'utf8'))
  const [gone] = saved.runs.splice(3, 1)
  await writeFile(path, JSON.stringify(saved))
  const mended = await run(path)
  t.is(mended.told.earlier, told.runs - 1)
  t.deepEqual(mended.results.runs.at(-1)!.config, gone.config)
  t.deepEqual(mended.results.runs.at(-1)!.numbers, gone.numbers)
})

test('results that are none, or of another experiment, are refused with the way out', async t => {
  const path = join(await mkdtemp(join(tmpdir(), 'concord-')), 'results.json')
  t.deepEqual(await readRuns(path, 'redundancy'), [])
  for (const [content, message] of [
    ['{', /not JSON/],
    ['{"runs": 3}', /no results/],
    [
      JSON.stringify({
        experiment: 'resam',
        quick: true,
        machine: { processor: '', cores: 1, threads: 1, node: '', load: 0 },
        wallSeconds: 0,
        verdicts: [],
        notes: [],
        runs: [],
      }),
      /results of resam/,
    ],
  ] as const) {
    await writeFile(path, content)
    const error = await t.throwsAsync(readRuns(path, 'redundancy'), { instanceOf: ResultsError })
    t.regex(error!.message, message)
    t.regex(error!.message, /--out.*--fresh/)
  }
})

test('a run that fails ends the job, and is named', async t => {
  const config = { rule: 'gmom', parameters: '', samples: 30, faulty: 3, fault: 'no-such-fault', seed: 1 }
  const error = await t.throwsAsync(
    runPool({
      experiment: 'linear-regression',
      settings,
      configs: [config],
      threads: 2,
      onProgress() {},
      async onResult() {},
    }),
    { instanceOf: ReproduceError },
  )
  t.regex(
    error!.message,
    /rule gmom, parameters , samples 30, faulty 3, fault no-such-fault, seed 1: .*no-such-fault/,
  )
})

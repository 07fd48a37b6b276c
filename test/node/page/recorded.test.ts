/** What is recorded of a simulated agreement: it changes nothing of the run, and its numbers are those of the checkers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { createPathRecorder } from '../../../node/page/paths.ts'
import { readAll } from '../../../node/page/read-runs.ts'
import { createRecorder } from '../../../node/page/recorder.ts'
import { runOfReport } from '../../../node/page/report-run.ts'
import { messageKinds } from '../../../node/page/run.ts'
import { filePage, named } from '../../../node/page/shell.ts'
import { createWorldRecorder } from '../../../node/page/world.ts'
import { simulateAgreement } from '../../../node/simulation/agree.ts'
import { sampleAbout } from '../../../scripts/page/samples.ts'

const N = 7
const inputs = Array.from({ length: N }, (_, peer) => {
  const random = randomStream(1, 'inputs', peer)
  return Float32Array.from({ length: 20 }, () => random.normal())
})
const settings = {
  protocol: 'rb-tm',
  synchrony: 'asynchronous',
  peers: N,
  maxFaulty: 2,
  dimension: 20,
  iterations: 3,
  graceMs: 0,
  timeoutMs: 1000,
  payloadMs: 250,
  unsafe: false,
} as const
const options = {
  settings,
  inputs,
  byzantine: { peers: [5, 6], attack: attackNamed('equivocate') },
  seed: 3,
  traced: true,
}

function recorded() {
  const about = sampleAbout()
  const peers = about.peers.map((peer, at) => ({ ...peer, honest: at < 5 }))
  const recorder = createRecorder(
    { ...about, peers, maxFaulty: 2, protocol: 'rb-tm', steps: 1 },
    { isKept: true },
  )
  const world = createWorldRecorder(recorder)
  const path = createPathRecorder(settings, [0, 1, 2, 3, 4])
  const onlooker = {
    ...world,
    output(...[self, output]: Parameters<typeof world.output>) {
      path.output(self, output)
      world.output(self, output)
    },
  }
  const result = simulateAgreement({ ...options, onlooker })
  return { result, run: recorder.document(), paths: path.paths()! }
}

test('what every honest peer received in its first iteration is in the plane, liars marked by their author', t => {
  const { run } = recorded()
  const observers = new Set(run.planes.flatMap(plane => plane.observers))
  t.deepEqual([...observers].sort(), [0, 1, 2, 3, 4])
  t.true(run.planes.some(({ points }) => points.length >= 5))
})

test('an onlooker changes nothing: the trace is the same', t => {
  t.is(recorded().result.trace, simulateAgreement(options).trace)
})

test('every message that arrived is a line, sent before it arrived, by a cause that arrived before it was sent', t => {
  const { run } = recorded()
  const { rows, slots } = run.messages
  t.true(rows.length > 100)
  for (const [sentMs, arrivedMs, from, to, , slot, , , cause] of rows) {
    t.true(sentMs !== null && arrivedMs !== null && sentMs <= arrivedMs && from !== to)
    t.is(slots[slot]?.length, 4)
    if (cause === null) continue
    const reason = rows[cause]!
    t.is(reason[3], from, 'it had arrived at the sender')
    t.true(sentMs! >= reason[1]!)
  }
})

test('votes name the message of their slot, and reports one of their exchange, that caused them', t => {
  const { run } = recorded()
  const { rows, slots } = run.messages
  const kindOf = (row: (typeof rows)[number]) => messageKinds[row[4]]!
  const causing: Record<string, string[]> = {
    echo: ['vector', 'digest', 'payload'],
    ready: ['echo', 'ready'],
    report: ['ready'],
  }
  for (const [kind, kinds] of Object.entries(causing)) {
    const said = rows.filter(
      row => kindOf(row) === kind && row[2] < 5 && (kind !== 'echo' || slots[row[5]]![3] !== row[2]),
    )
    const caused = said.filter(row => row[8] !== null)
    t.true(caused.length > 0.9 * said.length, `${kind}: ${caused.length} of ${said.length}`)
    for (const row of caused) {
      const cause = rows[row[8]!]!
      t.true(kinds.includes(kindOf(cause)), `${kind} because of ${kindOf(cause)}`)
      const length = kind === 'report' ? 3 : 4
      t.deepEqual(slots[cause[5]]!.slice(0, length), slots[row[5]]!.slice(0, length))
      const later = rows.filter(
        each =>
          each[3] === row[2] && kinds.includes(kindOf(each)) && each[1]! > cause[1]! && each[1]! <= row[0]!,
      )
      t.false(
        later.some(
          each => slots[each[5]]!.slice(0, length).join() === slots[row[5]]!.slice(0, length).join(),
        ),
      )
    }
  }
})

test('paths have the diameters and shifts of the checkers, within what is guaranteed', t => {
  const { result, paths } = recorded()
  t.is(paths.iterations.length, 4)
  for (const { iteration, diameter, shift } of result.iterations) {
    const row = paths.iterations.find(each => each.iteration === iteration)!
    t.true(Math.abs(row.diameter - diameter) < 1e-6, `iteration ${iteration}`)
    t.true(Math.abs(row.shift! - (shift ?? 0)) < 1e-6 || shift === null)
    t.true(row.bound! >= row.diameter - 1e-6)
  }
  t.true(paths.iterations.at(-1)!.shift! <= paths.ball!.radius)
})

test('the equivocators are on record: faults, proofs with two digests, and who saw them', t => {
  const { run } = recorded()
  t.true(run.evidence.length > 0)
  for (const { peer, digests, observer } of run.evidence) {
    t.true(peer >= 5 && observer < 5)
    t.not(digests![0], digests![1])
  }
  t.true(run.faults.every(({ peer }) => peer === null || peer >= 5))
  t.true(run.marks.some(({ kind }) => kind === 'convicted'))
  t.true(run.peers.slice(0, 5).every(({ status }) => status === 'finished'))
})

const app = { script: 'console.log(1)', style: '' }

test('a file holds the run, whatever its texts are, and nothing of them ends an element', async t => {
  const { run } = recorded()
  const hostile = '</script><script>alert(1)</script><!--\u0000\u202e"\''
  run.notes.push({ ms: 1, text: hostile })
  const title = `${run.about.title} ${hostile}`
  const html = filePage(app, title, [named({ ...run, about: { ...run.about, title } })])
  t.is(html.split('<script').length, 3)
  t.false(html.includes('alert(1)</script>'))
  const folder = await mkdtemp(join(tmpdir(), 'page-'))
  const path = join(folder, 'run.html')
  await writeFile(path, html)
  const [back] = await readAll(path, 1e8)
  t.is(back!.notes.at(-1)?.text, hostile)
  t.deepEqual(JSON.parse(JSON.stringify(back!.messages)), JSON.parse(JSON.stringify(run.messages)))
  const wrongs: [string, RegExp][] = [
    [html.slice(0, html.length >> 1), /ends too early/],
    ['{"format":"concord-run","version":99}', /version 99/],
    ['{"hello":1}', /holds no run/],
    ['hello', /neither a page of a run nor a whole report/],
    ['[null]', /holds no run/],
  ]
  for (const [text, sentence] of wrongs) {
    await writeFile(path, text)
    await t.throwsAsync(readAll(path, 1e8), { message: sentence })
  }
  await rm(folder, { recursive: true })
})

test('a report becomes a run with its own numbers; what is no report becomes none', t => {
  const honest = [0, 1, 2].map(peer => ({
    peer,
    loss: 0.5,
    accuracy: 0.9 + peer / 100,
    distance: 0,
    bytesSent: 10,
  }))
  const cohort = { peers: 4, faults: 1, protocol: 'mda', synchrony: 'asynchronous', steps: 9, id: 'aa' }
  const timeline = [{ event: 'crash', peers: [1], step: 3, virtualSeconds: 2 }]
  const report = { command: 'simulate', cohort, seed: 1, steps: 9, outcome: 'finished', honest, timeline }
  const run = runOfReport({
    ...report,
    byzantine: { peers: [3], attack: 'zero' },
    faults: [],
    violations: [],
  })!
  t.deepEqual(
    run.end?.results.map(({ accuracy }) => accuracy),
    [0.9, 0.91, 0.92],
  )
  t.is(run.steps.at(-1)?.accuracies[2], 0.92)
  t.deepEqual(
    run.about.peers.map(({ honest: is }) => is),
    [true, true, true, false],
  )
  t.deepEqual(
    run.marks.map(({ kind, peer, ms }) => [kind, peer, ms]),
    [['crash', 1, 2000]],
  )
  for (const wrong of [
    null,
    1,
    [],
    {},
    { command: 'agree' },
    { ...report, cohort: { peers: 1e9 } },
    { ...report, honest: 1 },
  ])
    t.is(runOfReport(wrong), null)
})

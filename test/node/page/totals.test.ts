/** What a page counts is what the report of the same run counts: of a simulation with a restart, an agreement and a demo. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { readAll } from '../../../node/page/read-runs.ts'
import type { RunDocument } from '../../../node/page/run.ts'

interface Report {
  readonly honest?: readonly {
    readonly peer: number
    readonly bytesSent: number
    readonly bytesReceived: number | null
  }[]
  readonly outputs?: readonly { readonly peer: number; readonly distanceToMean: number }[]
  readonly timeline?: readonly { readonly event: string; readonly peers: readonly number[] }[]
  readonly messages: number
  readonly bytes: number
  readonly wallSeconds: number
}

async function ran(
  command: readonly string[],
): Promise<{ readonly run: RunDocument; readonly report: Report }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-totals-'))
  try {
    const [page, path] = [join(folder, 'run.html'), join(folder, 'run.json')]
    await promisify(execFile)(process.execPath, [
      'node/cli/main.ts',
      ...command,
      '--page',
      page,
      '--report',
      path,
    ])
    const [run] = await readAll(page, 1e9)
    return { run: run!, report: JSON.parse(await readFile(path, 'utf8')) as Report }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

/** The cohort's and each peer's, liars included. */
const totals = ({ peers, end }: RunDocument) => ({
  messages: end!.messages,
  bytes: end!.bytes,
  messagesOfAll: sum(peers.map(({ messagesSent }) => messagesSent)),
  bytesOfAll: sum(peers.map(({ bytesSent }) => bytesSent)),
})
const reported = ({ messages, bytes }: Report) => ({
  messages,
  bytes,
  messagesOfAll: messages,
  bytesOfAll: bytes,
})

test('of a simulation, with what a peer sent before it crashed, and that it caught up', async t => {
  const cohort = ['--peers', '7', '--faults', '1', '--steps', '8', '--seed', '3']
  const faults = ['--crash', '2@3', '--restart', '2@5']
  const { run, report } = await ran(['simulate', ...cohort, ...faults])
  t.deepEqual(totals(run), reported(report))
  for (const { peer, bytesSent } of report.honest!) t.is(run.peers[peer]!.bytesSent, bytesSent)
  const caughtUp = run.peers.map((_, peer) =>
    report.timeline!.filter(({ event, peers }) => event === 'caught up' && peers.includes(peer)),
  )
  t.true(caughtUp[2]!.length > 0)
  t.deepEqual(
    run.peers.map(place => place.caughtUp),
    caughtUp.map(entries => entries.length),
  )
})

test('of an agreement in which liars are cut off, iteration by iteration', async t => {
  const cohort = ['--protocol', 'rb-tm', '--peers', '7', '--faults', '2', '--dimension', '50']
  const { run, report } = await ran(['agree', ...cohort, '--attack', 'equivocate'])
  t.deepEqual(totals(run), reported(report))
  t.is(run.end!.wallSeconds, report.wallSeconds)
  // What a peer refuses, or what is under way at the end, has been sent all the same.
  t.true(run.messages.rows.length < report.messages)
  t.deepEqual(
    run.end!.results.map(({ peer, distance }) => [peer, distance]),
    report.outputs!.map(({ peer, distanceToMean }) => [peer, distanceToMean]),
  )
  const iterations = run.paths!.iterations.length - 1
  t.deepEqual(
    [...new Set(run.planes.map(({ iteration }) => iteration))],
    Array.from({ length: iterations }, (_, iteration) => iteration),
  )
  t.deepEqual(
    [...new Set(run.weights.map(({ step }) => step))],
    Array.from({ length: iterations }, (_, iteration) => iteration),
  )
})

test('of a demo, whose processes tell their last numbers late', async t => {
  const { run, report } = await ran(['demo', '--peers', '4', '--steps', '3', '--no-contrast'])
  t.deepEqual(totals(run), reported(report))
  t.is(run.end!.wallSeconds, report.wallSeconds)
  for (const { peer, bytesSent, bytesReceived } of report.honest!) {
    t.is(run.peers[peer]!.bytesSent, bytesSent)
    t.is(run.peers[peer]!.bytesReceived, bytesReceived)
  }
})

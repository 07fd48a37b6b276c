/** The log: JSON for machines, lines for people, levels, and no secrets in either. */
import test from 'ava'
import { createLogger, createLogView, type LogLevel } from '../../../../node/cli/join/log.ts'
import { createIdentity } from '../../../../node/cohort/identity.ts'
import { membership } from './membership.ts'

async function logger(form: 'json' | 'pretty', level: LogLevel = 'info') {
  const lines: string[] = []
  const stream = { write: (text: string) => void lines.push(text) }
  return { lines, log: await createLogger({ form, level, stream, colours: false }) }
}

const traffic = { messages: 1, bytesSent: 2, bytesReceived: 3 }
const step = (number: number) =>
  ({ kind: 'step', step: number, loss: 0.5, traffic, memory: { peakBytes: 1000 }, vectors: null }) as const

test('events are JSON lines with fields; steps come at intervals, and all of them at debug', async t => {
  const { lines, log } = await logger('json')
  let nowMs = 0
  const view = createLogView(membership, log, () => nowMs)
  view.see(step(1))
  view.see(step(2))
  nowMs = 10_000
  view.see(step(3))
  view.see({ kind: 'fault', fault: { peer: 3, kind: 'malformed', count: 2 }, detail: 'half a frame' })
  view.see({ kind: 'failed', message: 'the disk is full' })
  view.note('serving')
  const records = lines.map(line => JSON.parse(line))
  t.deepEqual(
    records.map(({ level, msg }) => [level, msg]),
    [
      ['info', 'step 1/10'],
      ['info', 'step 3/10'],
      ['warn', 'fault of dora: malformed (2 times by now): half a frame'],
      ['fatal', 'the disk is full'],
      ['info', 'serving'],
    ],
  )
  t.like(records[0], { event: 'step', step: 1, loss: 0.5, bytesSent: 2, self: 1 })
  t.is(records[0].cohort, membership.cohortId.slice(0, 12))
  t.false(Number.isNaN(Date.parse(records[0].time)))
  const all = await logger('json', 'debug')
  const verbose = createLogView(membership, all.log, () => 0)
  for (const number of [1, 2, 3]) verbose.see(step(number))
  t.is(all.lines.length, 3)
})

test('for people each event is one line with its time and level', async t => {
  const { lines, log } = await logger('pretty', 'warn')
  const view = createLogView(membership, log, () => 0)
  view.see({ kind: 'resumed' })
  view.see({ kind: 'waiting', step: 2, phase: 'gradient', needed: 1, missing: [2], seconds: 4 })
  t.is(lines.length, 1)
  t.regex(lines[0]!, /^\[\d\d:\d\d:\d\d\.\d+\] WARN: step 2: waiting for 1 more vector, from cleo/)
})

test('no private key gets out, whatever its name and its place', async t => {
  const { seed } = createIdentity()
  const text = Buffer.from(seed).toString('base64')
  const pem = `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`
  for (const form of ['json', 'pretty'] as const) {
    const { lines, log } = await logger(form, 'trace')
    const { log: child } = createLogView(membership, log, () => 0)
    child.info({ seed: text, identity: { seed: text }, options: { privateKey: text } }, 'options')
    child.trace({ config: { pem }, file: pem, error: new Error(`cannot read ${pem}`) }, `read ${pem}`)
    child.info('a good line')
    t.is(lines.length, 3)
    t.false(lines.join('').includes(text), lines.join(''))
    t.regex(lines.join(''), /\[secret\]/)
  }
})

/**
 * A disk that changes what it kept (issue: one flipped bit made an honest peer sign twice): every bit of a log of 60
 * records, every prefix of it, every bit of the watermark, every older copy of either. Whatever it is, the peer knows
 * all that it said, or says in a sentence that it does not and is silent there, or refuses in a sentence.
 */
import test from 'ava'
import type { Watermark } from '../../../node/ports.ts'
import { HEAD_BYTES, type LogScan, scanLog } from '../../../node/storage/records.ts'
import { refuse } from '../../../node/storage/refusal.ts'
import { decodeWatermark } from '../../../node/storage/watermark.ts'
import { journalOn, lifeOfAJournal, type Moment, saidTwice } from './support.ts'

type Outcome = 'knows all' | 'without memory' | 'refuses'

/** Starts a peer on these bytes, as `openFileLog` reads them; `said` is what it said before. */
function start(scan: LogScan, watermark: Watermark | null, said: Moment['said']): Outcome | string {
  if (scan.kind !== 'whole') {
    const { message } = refuse('peer.log', scan)
    return /^peer\.log is .*--forget/.test(message) ? 'refuses' : `refuses without a choice: ${message}`
  }
  const journal = journalOn({ recovered: scan.records, watermark })
  const [twice] = saidTwice(journal, said)
  if (twice !== undefined) return `says ${twice.kind} of step ${twice.slot.step} again`
  if (journal.lost === null)
    return journal.messages().length === said.length ? 'knows all' : 'has forgotten something, in silence'
  return /starts without memory/.test(journal.lost) ? 'without memory' : 'without memory, in silence'
}

/** How often each was seen; anything but the outcomes stands out. */
function tally(outcomes: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

function* flips(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    yield bytes
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
}

const markOf = ({ mark }: Moment) => decodeWatermark(mark).watermark

test('every bit of a log of 60 records: nothing is said twice, and nothing is lost in silence', async t => {
  const last = (await lifeOfAJournal(t)).at(-1)!
  const whole = scanLog(last.log)
  t.is(whole.kind === 'whole' && whole.records.length, 60)
  t.is(start(whole, markOf(last), last.said), 'knows all')
  const counts = tally(
    (function* () {
      for (const log of flips(last.log)) yield start(scanLog(log), markOf(last), last.said)
    })(),
  )
  t.deepEqual(Object.keys(counts).sort(), ['knows all', 'refuses', 'without memory'])
  // A checkpoint's record has 56 bytes, a vector's more than 100.
  t.is(counts['knows all'], 2 * 8 * 56, 'either copy of the checkpoint is enough')
  t.true(counts['without memory']! > 8 * 100, 'the last record alone looks like a torn tail')
})

test('every prefix of the log: the watermark knows of more', async t => {
  const last = (await lifeOfAJournal(t)).at(-1)!
  const counts = tally(
    (function* () {
      for (let length = 0; length < last.log.length; length++)
        yield start(scanLog(last.log.subarray(0, length)), markOf(last), last.said)
    })(),
  )
  t.deepEqual(counts, { 'without memory': last.log.length })
})

test('every older copy of the log, and every older watermark', async t => {
  const moments = await lifeOfAJournal(t)
  const last = moments.at(-1)!
  for (const old of moments.slice(0, -1)) {
    t.is(start(scanLog(old.log), markOf(last), last.said), 'without memory')
    t.is(start(scanLog(last.log), markOf(old), last.said), 'knows all', 'the log is ahead after a crash, too')
  }
})

test('every bit of the watermark: the other cell is true, and the log is there', async t => {
  const last = (await lifeOfAJournal(t)).at(-1)!
  const true_ = markOf(last)!
  const scan = scanLog(last.log)
  let older = 0
  for (const mark of flips(last.mark)) {
    const { watermark } = decodeWatermark(mark)
    if (watermark === null || watermark.entries > true_.entries || watermark.step > true_.step)
      t.fail(`the watermark says ${JSON.stringify(watermark)}`)
    if (watermark!.entries < true_.entries && older++ === 0)
      t.is(start(scan, watermark, last.said), 'knows all')
  }
  t.true(older > 8 * 32)
})

test('without a watermark nobody can tell whether the log is whole', async t => {
  const moments = await lifeOfAJournal(t)
  const last = moments.at(-1)!
  t.is(start(scanLog(last.log), null, last.said), 'without memory')
})

test('what a crash tears is cut, what the disk loses is not', async t => {
  const moments = await lifeOfAJournal(t)
  // The last sync but one wrote two votes: of a write that was never synced, any part may be missing.
  const [before, votes] = [moments.at(-3)!, moments.at(-2)!]
  const unsynced = Buffer.from(votes.log)
  unsynced.fill(0, before.log.length, before.log.length + 8)
  const torn = scanLog(unsynced)
  t.true(
    torn.kind === 'whole' && torn.end === before.log.length,
    'the second vote is there, and does not count',
  )
  t.is(start(torn, markOf(before), before.said), 'knows all', 'they were not said')
  // The same hole, once something was synced behind it.
  const later = Buffer.from(moments.at(-1)!.log)
  later.fill(0, before.log.length, before.log.length + 8)
  const lost = scanLog(later)
  t.true(lost.kind === 'damaged' && lost.at === before.log.length && lost.behind === 2)
})

test('bytes that somebody else had written into the log are no records', async t => {
  const { log } = (await lifeOfAJournal(t)).at(-1)!
  const other = (await lifeOfAJournal(t)).at(-1)!.log
  // Records of another log, behind a tail that is torn: as in a vector that a liar sent.
  const planted = scanLog(Buffer.concat([log, Buffer.from([1, 2, 3]), other.subarray(HEAD_BYTES)]))
  t.true(planted.kind === 'whole' && planted.end === log.length && planted.records.length === 60)
})

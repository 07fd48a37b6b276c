/**
 * The contract of transports. Two members meet, and each is told once. Frames come whole, once and in order, with the
 * announced length. `send` says whether it took the frame, and calls nothing back while it runs. Without room it takes
 * nothing, and `drained` says when there is room again. A member that does not read holds its sender back, and loses
 * nothing. A member that is banned or stops is gone for the other side, which may go on and meet a later incarnation.
 * Of two processes with one key the first goes on; the second is told, and heard by nobody.
 */
import test, { type ExecutionContext } from 'ava'
import { sizeOf, type Transport, type TransportEvents } from '../../../node/ports.ts'

type Report =
  | { readonly kind: 'connected' | 'disconnected' | 'drained'; readonly peer: number }
  | { readonly kind: 'fault'; readonly peer: number | null; readonly fault: string }
  | { readonly kind: 'second-process'; readonly isRefused: boolean; readonly by: readonly number[] }
  | { readonly kind: 'frame'; readonly peer: number; readonly announced: number; readonly bytes: Buffer }

interface OpenPeer {
  readonly transport: Transport
  readonly reports: readonly Report[]
}

interface OpenPair {
  /** Opens and starts the next incarnation of a member, 0 or 1. */
  open(self: 0 | 1, events: TransportEvents): Promise<Transport>
  /** Opens and starts a second process of a member, beside the first. */
  openSecond(self: 0 | 1, events: TransportEvents): Promise<Transport>
  /** Waits, in this transport's world, until the condition holds. The condition is checked after each report. */
  until(condition: () => boolean): Promise<void>
  /** The caller calls this at each report. */
  wake(): void
}

type Make = (t: ExecutionContext) => Promise<OpenPair>

/** Far more than any window, queue or socket between two peers holds. */
const FRAMES = 250
const FRAME_BYTES = 200_000

export function transportContract(name: string, make: Make): void {
  framesContract(name, make)
  roomContract(name, make)
  endingContract(name, make)
}

async function openPeer(pair: OpenPair, self: 0 | 1, how: 'open' | 'openSecond' = 'open'): Promise<OpenPeer> {
  const reports: Report[] = []
  const add = (report: Report) => {
    reports.push(report)
    pair.wake()
  }
  const transport = await pair[how](self, {
    connected: peer => add({ kind: 'connected', peer }),
    disconnected: peer => add({ kind: 'disconnected', peer }),
    drained: peer => add({ kind: 'drained', peer }),
    fault: (peer, fault) => add({ kind: 'fault', peer, fault }),
    secondProcess: ({ by, isRefused }) => add({ kind: 'second-process', by, isRefused }),
    frame(peer, announced) {
      const parts: Uint8Array[] = []
      return {
        add: part => void parts.push(part),
        end: () => add({ kind: 'frame', peer, announced, bytes: Buffer.concat(parts) }),
      }
    },
  })
  return { transport, reports }
}

/** Two members that have met. */
async function met(pair: OpenPair): Promise<readonly [OpenPeer, OpenPeer]> {
  const second = await openPeer(pair, 1)
  const first = await openPeer(pair, 0)
  await pair.until(() => count(first, 'connected') === 1 && count(second, 'connected') === 1)
  return [first, second]
}

const count = ({ reports }: OpenPeer, kind: Report['kind']) =>
  reports.filter(report => report.kind === kind).length
const framesOf = ({ reports }: OpenPeer) => reports.filter(report => report.kind === 'frame')
const textsOf = (peer: OpenPeer) => framesOf(peer).map(({ bytes }) => bytes.toString())
const kindsOf = ({ reports }: OpenPeer) => reports.map(({ kind }) => kind)
const frame = (text: string) => [Buffer.from(text)]

function framesContract(name: string, make: Make): void {
  test(`${name}: each member is told once of the other, and frames come whole and in order, both ways`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    const chunk = new Uint8Array(5000).map((_, i) => i)
    const mixed = [Buffer.from('a'), chunk, Buffer.from('b'), Buffer.from('c'), chunk, chunk]
    const before = Buffer.concat(mixed)
    t.true(first.transport.send(1, mixed))
    for (let i = 0; i < 50; i++) t.true(first.transport.send(1, frame(`frame ${i}`)))
    t.true(second.transport.send(0, []))
    await pair.until(() => framesOf(second).length >= 51 && framesOf(first).length >= 1)
    t.deepEqual(first.reports, [
      { kind: 'connected', peer: 1 },
      { kind: 'frame', peer: 1, announced: 0, bytes: Buffer.alloc(0) },
    ])
    t.deepEqual(second.reports[0], { kind: 'connected', peer: 0 })
    const [whole, ...small] = framesOf(second)
    t.deepEqual(whole, { kind: 'frame', peer: 0, announced: sizeOf(mixed), bytes: before })
    t.deepEqual(
      small.map(({ bytes }) => bytes.toString()),
      Array.from({ length: 50 }, (_, i) => `frame ${i}`),
    )
    t.deepEqual(Buffer.concat(mixed), before, 'chunks are shared, and never written to')
    t.is(second.reports.length, 52)
  })

  test(`${name}: no frame is taken for a peer that is not there`, async t => {
    const pair = await make(t)
    const alone = await openPeer(pair, 0)
    t.false(alone.transport.send(1, frame('hello?')))
    t.false(alone.transport.send(0, frame('me?')))
    const other = await openPeer(pair, 1)
    await pair.until(() => count(alone, 'connected') === 1 && count(other, 'connected') === 1)
    t.true(alone.transport.send(1, frame('there you are')))
    await pair.until(() => framesOf(other).length > 0)
    t.deepEqual(textsOf(other), ['there you are'])
  })

  test(`${name}: sending calls nothing back while it runs`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    for (let i = 0; i < 40; i++) {
      const before = first.reports.length + second.reports.length
      first.transport.send(1, [new Uint8Array(FRAME_BYTES)])
      second.transport.send(0, frame('back'))
      t.is(first.reports.length + second.reports.length, before)
    }
  })
}

function roomContract(name: string, make: Make): void {
  test(`${name}: a reader that pauses holds its sender back, and loses nothing`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    second.transport.pause(0)
    let taken = 0
    while (taken < FRAMES && first.transport.send(1, [Buffer.alloc(FRAME_BYTES, taken)])) taken++
    t.true(taken >= 1 && taken < FRAMES, `${taken} frames taken`)
    t.false(first.transport.send(1, frame('no room yet')))
    second.transport.resume(0)
    await pair.until(() => count(first, 'drained') >= 1 && framesOf(second).length === taken)
    t.true(framesOf(second).every(({ bytes }, i) => bytes.equals(Buffer.alloc(FRAME_BYTES, i))))
    t.true(first.transport.send(1, frame('room again')))
    await pair.until(() => framesOf(second).length === taken + 1)
    t.is(textsOf(second).at(-1), 'room again')
  })

  test(`${name}: a sender is not told of room that was never lacking`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    for (let i = 0; i < 20; i++) t.true(first.transport.send(1, frame(`${i}`)))
    await pair.until(() => framesOf(second).length === 20)
    t.is(count(first, 'drained'), 0)
  })
}

function endingContract(name: string, make: Make): void {
  for (const copied of [0, 1] as const)
    test(`${name}: a second process of member ${copied} is refused while the first runs, and both are told`, async t => {
      const pair = await make(t)
      const peers = await met(pair)
      const [first, other] = copied === 0 ? peers : [peers[1], peers[0]]
      const by = [1 - copied]
      const second = await openPeer(pair, copied, 'openSecond')
      second.transport.send(1 - copied, frame('from the second'))
      await pair.until(() => count(second, 'second-process') > 0 && count(first, 'second-process') > 0)
      const said = (peer: OpenPeer) => peer.reports.find(({ kind }) => kind === 'second-process')
      t.deepEqual(said(second), { kind: 'second-process', isRefused: true, by })
      t.deepEqual(said(first), { kind: 'second-process', isRefused: false, by })
      t.true(first.transport.send(1 - copied, frame('from the first')))
      await pair.until(() => framesOf(other).length > 0)
      t.deepEqual(textsOf(other), ['from the first'])
      t.deepEqual([count(first, 'disconnected'), count(other, 'disconnected')], [0, 0])
    })

  test(`${name}: a banned peer is cut off on both sides`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    first.transport.ban(1, 'it signed two vectors for one slot')
    await pair.until(() => count(first, 'disconnected') === 1 && count(second, 'disconnected') === 1)
    t.false(first.transport.send(1, frame('no')))
    t.false(second.transport.send(0, frame('no')))
    t.deepEqual(kindsOf(first), ['connected', 'disconnected'])
    first.transport.ban(1, 'again')
    t.is(count(first, 'disconnected'), 1)
  })

  test(`${name}: a member that stops is gone and gets nothing more; its next incarnation connects again`, async t => {
    const pair = await make(t)
    const [first, second] = await met(pair)
    const stopped = Promise.withResolvers<void>()
    second.transport.stop(() => stopped.resolve())
    await pair.until(() => count(first, 'disconnected') === 1)
    await stopped.promise
    t.false(first.transport.send(1, frame('gone')))
    t.false(second.transport.send(0, frame('gone')))
    const heard = second.reports.length
    const next = await openPeer(pair, 1)
    await pair.until(() => count(first, 'connected') === 2 && count(next, 'connected') === 1)
    t.true(first.transport.send(1, frame('welcome back')))
    await pair.until(() => framesOf(next).length > 0)
    t.deepEqual(textsOf(next), ['welcome back'])
    t.deepEqual(kindsOf(first), ['connected', 'disconnected', 'connected'])
    t.is(second.reports.length, heard)
  })
}

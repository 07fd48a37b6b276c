/** What may be sent below the streams of a peer, and never to its harm: too much ends the connection, and is a fault. */
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import {
  FRAME_CREDIT_MAX,
  FRAME_DEBT_MAX,
  FRAME_PRICE_EMPTY,
  FRAME_PRICE_STREAM,
  HANDSHAKE_BYTES_MAX,
  NEGOTIATION_BYTES_MAX,
  SELECTION_BYTES_MAX,
} from '../../../node/network/constants.ts'
import { noiseFrames } from '../../../node/network/noise-guard.ts'
import {
  createInitiator,
  dialSession,
  FLAG,
  join,
  line,
  NOISE,
  noiseFrame,
  openSocket,
  prefixed,
  selectProtocol,
  type Target,
  TYPE,
  targetOf,
  type YamuxSession,
  yamuxFrame,
} from '../../../scripts/hostile/raw/index.ts'
import { echoes, startEcho } from './echo.ts'
import { bytesOf, isFault, isKind, membersOf, openPeer, type RunningPeer } from './support.ts'

/** Honest peer 1 of three, listening; peer 0 is the attacker. */
async function scene(t: ExecutionContext): Promise<[RunningPeer, Target, readonly Identity[]]> {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  honest.transport.start(honest.events)
  return [honest, targetOf(honest.transport.addresses[0]!), identities]
}

/** So many frames of this price are more than is forgiven, also where they take a while to be read. */
const beyond = (price: number) => 1.3 * ((FRAME_CREDIT_MAX + FRAME_DEBT_MAX) / price)
const syn = (stream: number) => yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: 2 * stream + 101 })
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

test('streams opened in one burst, each in a message of its own, do not end the process', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const [victim, addresses] = await startEcho(t, identities, 1)
  const { channel, closed } = await dialSession(targetOf(addresses[0]!), { seed: identities[0]!.seed })
  // In one piece on the wire: the victim pauses in the middle of it, and has the rest before it when it reads on.
  const frames = beyond(FRAME_PRICE_STREAM) + 54
  channel.socket.write(Buffer.concat(times(frames, index => channel.seal(syn(index)))))
  await closed
  const member = await openPeer(t, identities, 2, membersOf(identities, [[], addresses]))
  member.transport.start(member.events)
  await member.until(isKind('connected'))
  await echoes(member, 1, 'still there?')
  t.is(victim.exitCode, null)
})

test('more streams at once than any peer opens are a fault of the member', async t => {
  const [honest, target, identities] = await scene(t)
  const session = await dialSession(target, { seed: identities[0]!.seed })
  session.write(Buffer.concat(times(beyond(FRAME_PRICE_STREAM), syn)))
  t.like(await honest.until(isFault('flooding')), { peer: 0 })
  await session.closed
})

for (const [what, seals] of [
  ['that carry nothing', true],
  ['without even a seal', false],
] as const)
  test(`frames of the cipher ${what} are counted: beyond the budget they are a fault, and end the connection`, async t => {
    const [honest, target, identities] = await scene(t)
    const { channel } = await dialSession(target, { seed: identities[0]!.seed })
    const empty = () => (seals ? channel.seal(Buffer.alloc(0)) : noiseFrame(Buffer.alloc(0)))
    // Few enough bytes for what may come before the multiplexer is up, together with the end of the handshake.
    channel.socket.write(Buffer.concat(times(beyond(FRAME_PRICE_EMPTY), empty)))
    t.like(await honest.until(isFault('flooding')), { peer: 0 })
    await channel.closed
  })

test('within the budget they only cost time', async t => {
  const [honest, target, identities] = await scene(t)
  const talk = await join(target, { seed: identities[0]!.seed, hello: { cohortId: 'c0ffee' }, opens: true })
  const { channel } = talk.session
  const half = times(FRAME_CREDIT_MAX / FRAME_PRICE_EMPTY / 2, () => channel.seal(Buffer.alloc(0)))
  channel.socket.write(Buffer.concat(half))
  await talk.send(Buffer.from('after all that'))
  t.like(await honest.until(isKind('frame')), { peer: 0 })
  t.false(honest.reports.some(isKind('fault')))
})

test('names of protocols without end are not all answered: before the handshake there is not much to say', async t => {
  const [honest, target] = await scene(t)
  const socket = await openSocket(target)
  const wrong = line('x')
  socket.write(Buffer.concat(times(SELECTION_BYTES_MAX / wrong.length + 1, () => wrong)))
  t.like(await honest.until(isFault('flooding')), { peer: null })
  await socket.closed
})

test('who goes on beside a handshake that it does not end is cut off', async t => {
  const [honest, target] = await scene(t)
  const socket = await openSocket(target)
  await selectProtocol(socket, NOISE)
  socket.write(noiseFrame(createInitiator().messageA()))
  await socket.read(2)
  socket.write(Buffer.alloc(HANDSHAKE_BYTES_MAX, 255))
  t.like(await honest.until(isFault('flooding')), { peer: null })
  await socket.closed
})

test('names of protocols without end on a stream are a fault of the member', async t => {
  const [honest, target, identities] = await scene(t)
  const session = await dialSession(target, { seed: identities[0]!.seed })
  const wrong = line('x')
  session.openStream().write(Buffer.concat(times(NEGOTIATION_BYTES_MAX / wrong.length + 1, () => wrong)))
  t.like(await honest.until(isFault('flooding')), { peer: 0 })
  await session.closed
})

let pings = 0

/** Sends a ping; the other side answers it as soon as it reads it. */
function ping(session: YamuxSession): { readonly isAnswered: () => boolean } {
  const length = ++pings
  session.write(yamuxFrame({ type: TYPE.ping, flags: FLAG.syn, length }))
  return { isAnswered: () => session.pongs.includes(length) }
}

async function answered(session: YamuxSession): Promise<void> {
  const { isAnswered } = ping(session)
  while (!isAnswered()) await new Promise(setImmediate)
}

test('of a member that is not read from nothing is read: no frame of its connection costs anything', async t => {
  const [honest, target, [attacker, , member]] = await scene(t)
  const talk = await join(target, { seed: attacker!.seed, hello: { cohortId: 'c0ffee' }, opens: true })
  await honest.until(isKind('connected'))
  honest.transport.pause(0)
  const { isAnswered } = ping(talk.session)
  const other = await dialSession(target, { seed: member!.seed })
  for (let i = 0; i < 5; i++) await answered(other)
  t.false(isAnswered())
  honest.transport.resume(0)
  await answered(talk.session)
  t.true(isAnswered())
})

test('a member that is not read from may be so again while its frames are handed out', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  const frame: typeof honest.events.frame = (peer, bytes) => {
    honest.transport.pause(peer) // before the next frame is read, which lies there already
    return honest.events.frame(peer, bytes)
  }
  honest.transport.start({ ...honest.events, frame })
  const [target] = honest.transport.addresses.map(targetOf)
  const talk = await join(target!, {
    seed: identities[0]!.seed,
    hello: { cohortId: 'c0ffee' },
    opens: true,
  })
  const { channel } = talk.session
  const texts = times(50, index => `frame ${index}`)
  const frames = texts.map(text => yamuxFrame({ stream: talk.stream.id }, prefixed(Buffer.from(text))))
  channel.socket.write(Buffer.concat(frames.map(bytes => channel.seal(bytes))))
  for (let taken = 1; taken <= texts.length; taken++) {
    await honest.until(() => bytesOf(honest.reports).length === taken)
    honest.transport.resume(0)
  }
  t.deepEqual(bytesOf(honest.reports).map(String), texts)
  await answered(talk.session)
})

test('the frames of the cipher are counted however their bytes are cut', t => {
  const lengths = [0, 1, 16, 300, 0, 65_535, 17]
  const bytes = Buffer.concat(lengths.map(length => noiseFrame(Buffer.alloc(length, 7))))
  for (const size of [1, 2, 3, 299, 70_000]) {
    const seen: number[] = []
    const frames = noiseFrames(length => seen.push(length))
    for (let at = 0; at < bytes.length; at += size) frames(bytes.subarray(at, at + size))
    t.deepEqual(seen, lengths)
  }
})

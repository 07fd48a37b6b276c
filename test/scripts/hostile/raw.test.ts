/** The raw client against a real listening peer: what it does right is answered, so that what it does wrong is a test. */
import { readdirSync, readFileSync } from 'node:fs'
import { join as joinPaths } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import {
  CONCORD,
  createInitiator,
  dialSecure,
  dialSession,
  FLAG,
  type JoinOptions,
  join,
  linkFrame,
  NOISE,
  noiseFrame,
  openSocket,
  prefixed,
  readLinkFrame,
  selectProtocol,
  type Target,
  TYPE,
  targetOf,
  yamuxFrame,
} from '../../../scripts/hostile/raw/index.ts'
import {
  bytesOf,
  isFault,
  isKind,
  membersOf,
  openPeer,
  type RunningPeer,
  text,
} from '../../node/network/support.ts'

const hello = { cohortId: 'c0ffee', name: 'mallory' }

interface Scene {
  readonly honest: RunningPeer
  readonly identities: readonly Identity[]
  readonly target: Target
}

/** An honest peer in seat `self` of two, listening. */
async function scene(t: ExecutionContext, self = 1): Promise<Scene> {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, self, membersOf(identities))
  honest.transport.start(honest.events)
  return { honest, identities, target: targetOf(honest.transport.addresses[0]!) }
}

const asMember = ({ identities }: Scene, index = 0): JoinOptions => ({
  seed: identities[index]!.seed,
  hello,
  opens: index === 0,
})

for (const earlyMuxer of [true, false])
  test(`a member's hello is answered, the multiplexer agreed on ${earlyMuxer ? 'within' : 'after'} the handshake`, async t => {
    const at = await scene(t)
    const talk = await join(at.target, { ...asMember(at), earlyMuxer })
    t.teardown(talk.close)
    t.is(talk.session.channel.muxer === null, !earlyMuxer)
    t.deepEqual(Buffer.from(talk.session.channel.remoteKey), Buffer.from(at.identities[1]!.publicKey))
    t.like(talk.hello, { cohortId: 'c0ffee', name: 'peer1', software: 'test/1' })
    t.deepEqual(await at.honest.until(isKind('connected')), { kind: 'connected', peer: 0 })
  })

test('a member of the higher index waits for the stream that is not its to open', async t => {
  const at = await scene(t, 0)
  const talk = await join(at.target, asMember(at, 1))
  t.teardown(talk.close)
  t.is(talk.hello.name, 'peer0')
  await at.honest.until(isKind('connected'))
})

test('frames go both ways, long ones through every window and length', async t => {
  const at = await scene(t)
  const talk = await join(at.target, asMember(at))
  t.teardown(talk.close)
  await at.honest.until(isKind('connected'))
  const long = Buffer.alloc(250_000, 'concord ')
  for (let i = 0; i < 8; i++) await talk.send(long)
  const seen = () => bytesOf(at.honest.reports)
  await at.honest.until(() => seen().length === 8)
  t.true(seen().every(frame => frame.equals(long)))
  at.honest.transport.send(0, [long])
  at.honest.transport.send(0, text('good evening'))
  t.true((await talk.next()).equals(long))
  t.is(String(await talk.next()), 'good evening')
  t.true(talk.stream.receivedBytes > long.length)
})

test('a stranger completes the handshake and is refused', async t => {
  const at = await scene(t)
  const session = await dialSession(at.target, { seed: createIdentity().seed })
  await session.closed
  await at.honest.until(isFault('stranger'))
  await t.throwsAsync(join(at.target, { ...asMember(at), seed: createIdentity().seed }), { name: 'RawError' })
  t.false(at.honest.reports.some(isKind('connected')))
})

test('half a handshake is no connection, and a sealed word of nonsense ends one', async t => {
  const at = await scene(t)
  const half = await openSocket(at.target)
  t.teardown(half.destroy)
  await selectProtocol(half, NOISE)
  half.write(noiseFrame(createInitiator().messageA()))
  t.true((await half.read(2)).readUInt16BE() > 96)
  const secure = await dialSecure(at.target, { seed: at.identities[0]!.seed })
  secure.socket.write(noiseFrame(Buffer.from('not sealed at all, but long enough')))
  await secure.closed
  t.deepEqual(at.honest.reports, [])
})

test('a ping of the multiplexer is answered, and a frame of no version ends the connection', async t => {
  const at = await scene(t)
  const session = await dialSession(at.target, { seed: at.identities[0]!.seed })
  session.write(yamuxFrame({ type: TYPE.ping, flags: FLAG.syn, length: 7 }))
  const stream = session.openStream()
  await selectProtocol(stream, CONCORD)
  t.deepEqual(session.pongs, [7])
  session.write(yamuxFrame({ version: 9 }))
  await session.closed
})

test('link frames are read as they are written', t => {
  const resume = readLinkFrame(
    linkFrame.resume({ incarnation: 7, peerIncarnation: 300, received: 2, step: 9, completeFrom: 4 }),
  )
  t.like(resume, { kind: 'resume', numbers: [0n, 7n, 300n, 2n, 9n, 4n] })
  const data = readLinkFrame(linkFrame.data(5, [Buffer.from('one'), Buffer.from('two')], 3))
  t.like(data, { kind: 'data', numbers: [0n, 5n, 3n, 0n, 0n, 0n] })
  t.is(String(data.rest), 'onetwo')
  t.is(readLinkFrame(linkFrame.ack(2n ** 60n)).numbers[1], 2n ** 60n)
  t.is(readLinkFrame(linkFrame.finished()).kind, 'finished')
  t.is(prefixed(Buffer.alloc(300)).length, 302)
})

test('the client is no part of our network code, nor made of its libraries', t => {
  const folder = joinPaths(import.meta.dirname, '../../../scripts/hostile/raw')
  for (const file of readdirSync(folder).filter(name => name.endsWith('.ts')))
    for (const [, specifier] of readFileSync(joinPaths(folder, file), 'utf8').matchAll(/from '([^']+)'/g))
      t.regex(specifier!, /^(\.\/[a-z-]+\.ts|node:(net|crypto))$/, file)
})

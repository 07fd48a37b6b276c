/**
 * The layers, and one attack on each: a connection that is fed until it is cut off or has had its share. Only inputs
 * that the peer has read count: all before a ping that it answered, and one more if it ended the connection.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { RandomStream } from '../../../learning/random.ts'
import type { Identity } from '../../../node/cohort/identity.ts'
import {
  type Channel,
  createInitiator,
  dialSession,
  FLAG,
  join,
  NOISE,
  noiseFrame,
  openSocket,
  prefixed,
  RawError,
  type SessionOptions,
  selectProtocol,
  TYPE,
  type YamuxSession,
  yamuxFrame,
} from '../../hostile/raw/index.ts'
import { frameInput, handshakeInput, helloInput, tcpInput, yamuxInput } from './inputs.ts'
import type { Victim } from './victim.ts'

interface Attack {
  readonly victim: Victim
  readonly random: RandomStream
  /** The key that it is made with. */
  readonly identity: Identity
  /** How many inputs are enough. */
  readonly wanted: number
}

export interface Layer {
  readonly name: string
  /** The description of one input. */
  readonly unit: string
  /** How many of a hundred inputs. */
  readonly share: number
  /** Attacks at a time. */
  readonly workers: number
  /** One connection: how many inputs the peer has read. Rejects if it was not let in. */
  attack(attack: Attack): Promise<number>
}

/** Inputs between two questions whether the peer is still there: few if each may end the connection. */
const BATCH = { yamux: 25, frames: 100 }
const ANSWER_TIMEOUT_MS = 20_000
/** How long a peer has to see the end of a connection. */
const END_TIMEOUT_MS = 10_000

export const layers: readonly Layer[] = [
  { name: 'TCP', unit: 'a connection with mutated bytes', share: 1, workers: 4, attack: attackTcp },
  {
    name: 'Noise, handshake',
    unit: 'a connection with a mutated first or third message',
    share: 1,
    workers: 4,
    attack: attackHandshake,
  },
  {
    name: 'Noise, after it',
    unit: 'an empty message; in the end one that is not sealed',
    share: 3,
    workers: 2,
    attack: attackNoise,
  },
  { name: 'Yamux', unit: 'a frame with odd numbers, or mutated', share: 30, workers: 8, attack: attackYamux },
  // A member that does wrong so fast is not read from for two seconds at a time: many of them take turns.
  { name: 'our frames', unit: 'a mutated frame of a link', share: 65, workers: 128, attack: attackFrames },
]

/** On Linux, loopback is a whole network; other systems have one address of it. */
export const HAS_MANY_SOURCES = process.platform === 'linux'

/** Never 127.0.0.1, where a member that behaves comes from: a peer limits the handshakes of each address. */
const sourceOf = (random: RandomStream) =>
  HAS_MANY_SOURCES
    ? { localAddress: `127.${1 + random.integer(200)}.${random.integer(250)}.${1 + random.integer(250)}` }
    : {}

async function attackTcp({ victim, random }: Attack): Promise<number> {
  const socket = await openSocket(victim.target, sourceOf(random))
  await inPieces(socket, tcpInput(random), random)
  socket.end()
  return ended(socket)
}

async function attackHandshake({ victim, random }: Attack): Promise<number> {
  const socket = await openSocket(victim.target, sourceOf(random))
  await selectProtocol(socket, NOISE)
  if (random.integer(2) === 0) {
    socket.write(noiseFrame(createInitiator().messageA()))
    await socket.read(2)
  }
  await inPieces(socket, handshakeInput(random), random)
  socket.end()
  return ended(socket)
}

/** The peer has ended it, or seen that we did. */
async function ended(socket: Channel & { destroy(): void }): Promise<number> {
  const isClosed = await Promise.race([socket.closed.then(() => true), sleep(END_TIMEOUT_MS, false)])
  socket.destroy()
  return isClosed ? 1 : 0
}

/** A connection that the peer has let in: one that is closed at once, as its member connects too often, is none. */
async function letIn(
  { victim, identity, random }: Attack,
  options: SessionOptions = {},
): Promise<YamuxSession> {
  const session = await dialSession(victim.target, { ...options, ...sourceOf(random), seed: identity.seed })
  if (await answered(session)) return session
  throw new RawError('not let in')
}

async function attackNoise(attack: Attack): Promise<number> {
  const { random, wanted } = attack
  const session = await letIn(attack)
  const { channel } = session
  const count = Math.min(wanted, 300)
  await inPieces(
    channel.socket,
    Buffer.concat(Array.from({ length: count }, () => channel.seal(Buffer.alloc(0)))),
    random,
  )
  if (!(await answered(session))) return 1
  const sealed = channel.seal(Buffer.from('a word'))
  sealed[2 + random.integer(sealed.length - 2)]! ^= 1 << random.integer(8)
  channel.socket.write(sealed)
  return count + (await ended(channel.socket))
}

async function attackYamux(attack: Attack): Promise<number> {
  const { random, wanted } = attack
  const session = await letIn(attack, { answersPings: random.integer(2) === 0 })
  if (random.integer(BURST_EVERY) === 0) return burst(session, random)
  session.openStream().discard()
  return feed(session, { wanted, random, batch: BATCH.yamux, each: 1 }, () => yamuxInput(random))
}

async function attackFrames(attack: Attack): Promise<number> {
  const { victim, random, identity, wanted } = attack
  if (random.integer(100) === 0) return attackHello(attack)
  const hello = { cohortId: victim.cohortId }
  const options = { ...sourceOf(random), seed: identity.seed, opens: true, hello }
  const { session, stream } = await join(victim.target, options)
  stream.discard()
  // As many small frames as fit share one of Yamux, as an honest stream's do, or each has its own.
  const size = 1 + random.integer(8)
  return feed(session, { wanted, random, batch: BATCH.frames, each: size }, () => {
    const bytes = Buffer.concat(Array.from({ length: size }, () => prefixed(frameInput(random))))
    return yamuxFrame({ stream: stream.id }, bytes)
  })
}

async function attackHello(attack: Attack): Promise<number> {
  const { victim, random } = attack
  const session = await letIn(attack)
  const stream = session.openStream()
  await selectProtocol(stream, '/concord/1.3.0')
  await stream.send(prefixed(helloInput(victim.cohortId, random)))
  await answered(session)
  session.channel.socket.destroy()
  return 1
}

/** One attack in this many is a burst. */
const BURST_EVERY = 20

/** Frames of one dear kind, each a message of its own, in one piece: some more than are forgiven, or fewer. */
async function burst(session: YamuxSession, random: RandomStream): Promise<number> {
  const { channel } = session
  const count = 50 + random.integer(400)
  const type = random.integer(3) === 0 ? TYPE.ping : TYPE.update
  const messages = Array.from({ length: count }, (_, i) => {
    const stream = type === TYPE.ping ? 0 : 2 * i + 101
    return channel.seal(yamuxFrame({ type, flags: FLAG.syn, stream, length: i }))
  })
  channel.socket.write(Buffer.concat(messages))
  const isAnswered = await answered(session)
  channel.socket.destroy()
  return isAnswered ? count : 1
}

interface Feed {
  readonly wanted: number
  readonly random: RandomStream
  readonly batch: number
  /** Inputs that `next` gives at once. */
  readonly each: number
}

/** Batches, each with a ping behind it, until the connection ends or has had enough. */
async function feed(
  session: YamuxSession,
  { wanted, random, batch, each }: Feed,
  next: () => Uint8Array,
): Promise<number> {
  let read = 0
  while (read < wanted) {
    const count = Math.ceil(Math.min(batch, wanted - read) / each)
    await inPieces(session.channel, Buffer.concat(Array.from({ length: count }, next)), random)
    if (!(await answered(session))) return read + 1
    read += count * each
  }
  session.channel.socket.destroy()
  return read
}

/** All at once, or cut anywhere: then each piece is a message of its own, and some come later. */
async function inPieces(channel: Channel, bytes: Uint8Array, random: RandomStream): Promise<void> {
  if (random.integer(2) === 0) channel.write(bytes)
  else
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.integer(random.integer(4) === 0 ? 8 : 2000)
      channel.write(bytes.subarray(at, end))
      at = end
      if (random.integer(3) === 0) await turn()
    }
  await channel.drained()
}

let pings = 0

/** A data frame whose length was mutated swallows what follows, pings too, until its body is whole: no longer than a window. */
const UNANSWERED_MS = 6000
const BODY_BYTES_MAX = 1024 * 1024 + 12

/** False: the connection has ended instead. A peer that neither answers nor ends it has failed us. */
async function answered(session: YamuxSession): Promise<boolean> {
  pings = (pings + 1) % 2 ** 31
  const number = pings
  session.write(yamuxFrame({ type: TYPE.ping, flags: FLAG.syn, length: number }))
  const askedMs = performance.now()
  let isFilled = false
  while (session.channel.isOpen) {
    if (session.pongs.includes(number)) return true
    const waitedMs = performance.now() - askedMs
    if (waitedMs > ANSWER_TIMEOUT_MS) throw new DeafError()
    // Zeros behind a body are no frame: the connection ends.
    if (waitedMs > UNANSWERED_MS && !isFilled) session.write(Buffer.alloc(BODY_BYTES_MAX))
    isFilled ||= waitedMs > UNANSWERED_MS
    await sleep(1)
  }
  return false
}

class DeafError extends Error {
  override readonly name = 'DeafError'
  constructor() {
    super(`a connection that is open was not answered for ${ANSWER_TIMEOUT_MS / 1000} s`)
  }
}

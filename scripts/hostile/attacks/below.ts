/** Attacks with a member's key below our own frames: on Noise and on Yamux. */
import { randomBytes } from 'node:crypto'
import {
  FLAG,
  NOISE_PLAINTEXT_MAX,
  noiseFrame,
  type SecureChannel,
  synBurst,
  TYPE,
  type YamuxSession,
  yamuxFrame,
} from '../raw/index.ts'
import type { Attack } from '../scene.ts'
import { breathe, onChannel, onSession, onTalk, pause, pick, randomInteger } from './ways.ts'

const BURST_STREAMS = 210
/** How long the end of a connection is waited for after a burst. */
const PATIENCE_MS = 1000
/** As many bytes of whole Yamux frames as of none: something else that is sent must not fall into one. */
const TINY_PER_WRITE = 2 * 12 * 80
const PIECE_BYTES_MAX = 7
/** Between two bytes that are dripped: none but what the loop takes, and slower. */
const PACES_MS = [0, 0, 1, 5] as const
const ABSURD = 2 ** 32 - 1

/** Each frame a message of Noise, all in one write: the receiver meets them one by one, but has them all. */
function inOneWrite({ socket, seal }: SecureChannel, frames: readonly Uint8Array[]): boolean {
  return socket.write(Buffer.concat(frames.map(seal)))
}

const synFrames = (): readonly Buffer[] =>
  Array.from({ length: BURST_STREAMS }, (_, i) =>
    yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: 1 + 2 * i }),
  )

const synBursts: Attack = {
  name: 'yamux-syn',
  what: `${BURST_STREAMS} streams opened in one write, in one message and in many, after each reconnect`,
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onSession(scene, counter, async session => {
      if (counter.acts++ % 4 === 3) session.write(synBurst(BURST_STREAMS))
      else inOneWrite(session.channel, synFrames())
      await Promise.race([session.closed, pause(PATIENCE_MS)])
    }),
}

/** For as long as the connection lasts. */
async function without<T>(end: { readonly isOpen: boolean }, act: () => Promise<T>): Promise<void> {
  while (end.isOpen) {
    await act()
    await breathe()
  }
}

const emptyNoise: Attack = {
  name: 'noise-empty',
  what: 'Noise frames of no bytes at all, two bytes each, as fast as they go',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async ({ session: { channel } }) => {
      const frames = Buffer.concat(Array.from({ length: TINY_PER_WRITE }, () => noiseFrame(Buffer.alloc(0))))
      await without(channel, async () => {
        channel.socket.write(frames)
        counter.acts += TINY_PER_WRITE
        await channel.drained()
      })
    }),
}

const tinyNoise: Attack = {
  name: 'noise-tiny',
  what: 'sealed Noise messages of no byte or one, as fast as they go',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async ({ session: { channel } }) => {
      // Whole updates of no stream that is there, a byte at a time, with nothing at all between the bytes.
      const update = yamuxFrame({ type: TYPE.update, stream: 9999 })
      const pieces = Array.from({ length: TINY_PER_WRITE }, (_, i) => {
        const at = (i >> 1) % update.length
        return i % 2 === 0 ? update.subarray(at, at + 1) : Buffer.alloc(0)
      })
      await without(channel, async () => {
        inOneWrite(channel, pieces)
        counter.acts += TINY_PER_WRITE
        await channel.drained()
      })
    }),
}

const drippedNoise: Attack = {
  name: 'noise-dripped',
  what: 'the longest Noise frames a byte in a packet of its own, at several paces; the last byte never comes',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async ({ session: { channel } }) => {
      const paceMs = pick(PACES_MS)
      const frame = channel.seal(Buffer.alloc(NOISE_PLAINTEXT_MAX))
      for (let at = 0; at < frame.length - 1 && channel.isOpen; at++) {
        channel.socket.write(frame.subarray(at, at + 1))
        counter.acts++
        if (paceMs > 0) await pause(paceMs)
        else await breathe()
      }
      await Promise.race([channel.closed, pause(PATIENCE_MS)])
    }),
}

const brokenNoise: Attack = {
  name: 'noise-garbage',
  what: 'after the handshake, bytes that nobody sealed, and sealed ones that are no multiplexer',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onChannel(scene, counter, async channel => {
      counter.acts++
      if (Math.random() < 0.5) channel.socket.write(noiseFrame(randomBytes(1 + randomInteger(5000))))
      else channel.write(randomBytes(1 + randomInteger(200_000)))
      await Promise.race([channel.closed, pause(PATIENCE_MS)])
    }),
}

type Frames = () => Buffer

const cheapFrames: readonly Frames[] = [
  () => yamuxFrame({ type: TYPE.ping, flags: FLAG.syn, length: randomInteger(1000) }),
  () => yamuxFrame({ type: TYPE.update, stream: 1 + 2 * randomInteger(100) }),
  () => yamuxFrame({ stream: 1 + 2 * randomInteger(100) }),
  () => yamuxFrame({ type: TYPE.update, flags: FLAG.rst, stream: 1 + 2 * randomInteger(100) }),
]

const yamuxFlood: Attack = {
  name: 'yamux-flood',
  what: 'pings, empty updates, empty data and resets without end, in bursts and in pieces',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onSession(scene, counter, async ({ channel }) => {
      const kind = pick(cheapFrames)
      const inPieces = Math.random() < 0.3
      await without(channel, async () => {
        const frames = Buffer.concat(Array.from({ length: 500 }, kind))
        counter.acts += 500
        if (inPieces) inOneWrite(channel, pieces(frames))
        else channel.write(frames)
        await channel.drained()
      })
    }),
}

function pieces(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + randomInteger(PIECE_BYTES_MAX)
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

const absurdFrames: readonly Frames[] = [
  () => yamuxFrame({ stream: 1, length: ABSURD }),
  () => yamuxFrame({ type: TYPE.update, stream: 1, length: ABSURD }),
  () => yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: 0 }),
  () => yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: ABSURD }),
  () => yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: 2 }),
  () => yamuxFrame({ type: TYPE.ping, flags: FLAG.ack, length: ABSURD }),
  () => yamuxFrame({ type: TYPE.ping, flags: 0xffff, stream: 5 }),
  () => yamuxFrame({ type: TYPE.goAway, length: ABSURD }),
  () => yamuxFrame({ type: TYPE.goAway, length: 0 }),
  () => yamuxFrame({ flags: 0xffff, stream: 1 }, randomBytes(100)),
  () => yamuxFrame({ type: 200, stream: 1 }),
  () => yamuxFrame({ version: 1, stream: 1 }),
  () =>
    yamuxFrame({
      type: randomInteger(4),
      flags: randomInteger(16),
      stream: randomInteger(20),
      length: randomInteger(100),
    }),
  () => randomBytes(12),
]

async function absurdly(session: YamuxSession, act: () => void): Promise<void> {
  session.openStream()
  await without(session.channel, async () => {
    session.write(pick(absurdFrames)())
    act()
    await Promise.race([session.closed, pause(20)])
  })
}

const yamuxAbsurd: Attack = {
  name: 'yamux-absurd',
  what: 'Yamux frames of absurd types, flags, streams and lengths, up to 4 GiB announced',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onSession(scene, counter, session =>
      absurdly(session, () => {
        counter.acts++
      }),
    ),
}

export const attacksBelow: readonly Attack[] = [
  ...[synBursts, emptyNoise, tinyNoise, drippedNoise, brokenNoise, yamuxFlood, yamuxAbsurd],
]

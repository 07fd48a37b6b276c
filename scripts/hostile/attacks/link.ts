/** Attacks with a member's key on streams, hellos and links: by how frames travel, not by what they say. */
import { randomBytes } from 'node:crypto'
import {
  ADDRESSES,
  CONCORD,
  concordStream,
  dialSession,
  helloFrame,
  linkFrame,
  message,
  prefixed,
  readFrame,
  selectProtocol,
  type Talk,
  varint,
} from '../raw/index.ts'
import type { Attack } from '../scene.ts'
import {
  againstEach,
  breathe,
  INCARNATION,
  memberOptions,
  onSession,
  onTalk,
  pause,
  pick,
  randomInteger,
} from './ways.ts'

const RESUMES_PER_WRITE = 50
const UP_MS = 300
const CONNECTIONS = 10
const QUESTIONS_AT_ONCE = 4
const BYTE_MS = 20

const wrongIncarnations: Attack = {
  name: 'resume-wrong',
  what: 'an endless stream of "resume" with a wrong incarnation: each asks for the whole window again',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      for (let incarnation = INCARNATION; ; incarnation++) {
        const again = prefixed(linkFrame.resume({ incarnation: INCARNATION, peerIncarnation: incarnation }))
        await talk.stream.send(Buffer.concat(Array.from({ length: RESUMES_PER_WRITE }, () => again)))
        counter.acts += RESUMES_PER_WRITE
        await pause(100)
      }
    }),
}

const newIncarnations: Attack = {
  name: 'resume-restarts',
  what: '"resume" with a new incarnation each time, on the same connection, a hundred a second',
  cohort: 'mda',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      for (let incarnation = INCARNATION; ; incarnation++) {
        await talk.send(linkFrame.resume({ incarnation, step: 1 }))
        counter.acts++
        await pause(10)
      }
    }),
}

/** Behaves like an honest peer for a moment, then leaves. */
async function visit(talk: Talk): Promise<void> {
  talk.stream.discard()
  await talk.send(linkFrame.resume({ incarnation: INCARNATION }))
  await Promise.race([talk.session.closed, pause(UP_MS)])
}

const flapping: Attack = {
  name: 'flapping',
  what: 'a member that comes and goes as often as it may',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      counter.acts++
      await visit(talk)
    }),
}

const restarted: Attack = {
  name: 'flapping-reborn',
  what: 'a member that comes with a new incarnation each time, and asks for everything again',
  cohort: 'mda',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      await talk.send(linkFrame.resume({ incarnation: 1 + randomInteger(2 ** 40), step: 1 }))
      counter.acts++
      await Promise.race([talk.session.closed, pause(UP_MS)])
    }),
}

const neverReads: Attack = {
  name: 'never-reads',
  what: 'a member that is connected, and reads nothing',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(
      scene,
      counter,
      async ({ session: { channel }, send }) => {
        await send(linkFrame.resume({ incarnation: INCARNATION }))
        channel.socket.pause()
        counter.acts++
        await channel.closed
      },
      { renewsWindows: false },
    ),
}

const neverAcknowledges: Attack = {
  name: 'never-acks',
  what: 'a member that reads everything and acknowledges nothing, or what was never sent',
  cohort: 'mda',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      await talk.send(linkFrame.resume({ incarnation: INCARNATION }))
      for (;;) {
        await pause(100)
        await talk.send(linkFrame.ack(pick([0, 1, 2n ** 32n, 2n ** 53n - 1n, 2n ** 64n - 1n])))
        counter.acts++
      }
    }),
}

const tenConnections: Attack = {
  name: 'ten-connections',
  what: `${CONNECTIONS} connections with one key to each peer, each with its stream and hello`,
  cohort: 'rb-tm',
  run: (scene, counter) => {
    const victims = scene.victims.flatMap(victim => Array.from({ length: CONNECTIONS }, () => victim))
    return againstEach({ ...scene, victims }, counter, async (victim, connected) => {
      const options = memberOptions(scene, victim)
      const session = await dialSession(victim, options)
      counter.watch(session.channel.socket)
      try {
        const stream = await concordStream(session, options.opens)
        connected()
        await stream.send(prefixed(helloFrame(options.hello)))
        stream.discard()
        await session.closed
      } finally {
        session.channel.socket.destroy()
      }
    })
  },
}

const singleBytes: Attack = {
  name: 'single-bytes',
  what: 'a member whose frames come a byte at a time, slowly, each byte a frame of Yamux',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      const frame = prefixed(linkFrame.data(1, [randomBytes(4 * scene.dimension)]))
      await talk.send(linkFrame.resume({ incarnation: INCARNATION }))
      for (let at = 0; ; at++) {
        await talk.stream.send(frame.subarray(at % frame.length, (at % frame.length) + 1))
        counter.acts++
        await pause(BYTE_MS)
      }
    }),
}

const questions: Attack = {
  name: 'address-questions',
  what: `questions for everybody's addresses without end, ${QUESTIONS_AT_ONCE} at a time`,
  cohort: 'mda',
  run: (scene, counter) =>
    onTalk(scene, counter, async talk => {
      talk.stream.discard()
      const everybody = Buffer.concat(Array.from({ length: scene.peers }, (_, peer) => varint(peer)))
      const ask = async (): Promise<void> => {
        const stream = talk.session.openStream()
        try {
          await selectProtocol(stream, ADDRESSES)
          await stream.send(prefixed(message([1, everybody])))
          await readFrame(stream, 1000)
        } catch {
          // Refused, as it should be.
        }
        stream.reset()
        counter.acts++
      }
      while (talk.session.channel.isOpen) {
        await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, ask))
        await breathe()
      }
    }),
}

/** In the place of a hello, or after one. */
const oversize: readonly (() => Buffer)[] = [
  () => prefixed(randomBytes(5000)),
  () => Buffer.alloc(20, 255),
  () => Buffer.concat([varint(2n ** 32n), randomBytes(1000)]),
  () => Buffer.concat([varint(2n ** 48n), randomBytes(1000)]),
  () => varint(2n ** 53n),
  () => prefixed(message([1, 'x'.repeat(4000)])),
  () => prefixed(message([1, 'x'], [2, '\u001b[2J\n'.repeat(100)], [4, 2n ** 64n - 1n])),
]

const oversizeFrames: Attack = {
  name: 'oversize-frames',
  what: 'hellos and frames that announce more than any peer may send, up to lengths without end',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    onSession(scene, counter, async (session, victim) => {
      const stream = await concordStream(session, scene.self < victim.peer)
      if (Math.random() < 0.5) await stream.send(prefixed(helloFrame({ cohortId: scene.cohortId })))
      await stream.send(pick(oversize)())
      counter.acts++
      await Promise.race([session.closed, pause(1000)])
    }),
}

const intruding: Attack = {
  name: 'wrong-streams',
  what: 'streams that are the other side’s to open, of protocols that nobody speaks, and without a hello',
  cohort: 'mda',
  run: (scene, counter) =>
    onSession(scene, counter, async session => {
      for (let i = 0; i < 20; i++) {
        const stream = session.openStream()
        await selectProtocol(
          stream,
          pick([CONCORD, ADDRESSES, '/ipfs/id/1.0.0', '/nothing', 'x'.repeat(900)]),
        ).catch(() => stream.reset())
        counter.acts++
      }
      await Promise.race([session.closed, pause(1000)])
    }),
}

export const linkAttacks: readonly Attack[] = [
  ...[wrongIncarnations, newIncarnations, flapping, restarted, neverReads, neverAcknowledges, tenConnections],
  ...[singleBytes, questions, oversizeFrames, intruding],
]

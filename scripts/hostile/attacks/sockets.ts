/** Attacks of strangers: sockets, half of a negotiation, half of a handshake, and whole ones without a member's key. */
import { randomBytes } from 'node:crypto'
import {
  createInitiator,
  dialSession,
  line,
  MULTISTREAM,
  NOISE,
  noiseFrame,
  openSocket,
  type RawSocket,
  readLine,
  selectProtocol,
  varint,
} from '../raw/index.ts'
import type { Attack, Counter, Scene, Victim } from '../scene.ts'
import { againstEach, pause, pick } from './ways.ts'

const HELD_SOCKETS = 100
const SOCKETS_PER_SECOND = 1000
const STORM_ADDRESSES = 10
const STORM_TICK_MS = 20
/** Sockets that the storm has open; the oldest goes for the newest. */
const STORM_SOCKETS_MAX = 4000
const SLOW_SOCKETS = 30
const SLOW_MS = 300
const STRANGERS = 4

/** How many of the same kind at once. */
function crowd(scene: Scene, size: number): Scene {
  return { ...scene, victims: scene.victims.flatMap(victim => Array.from({ length: size }, () => victim)) }
}

async function openCounted(victim: Victim, counter: Counter, localAddress?: string): Promise<RawSocket> {
  const socket = await openSocket(victim, localAddress === undefined ? {} : { localAddress })
  counter.watch(socket)
  return socket
}

const halfOpen: Attack = {
  name: 'half-open',
  what: `${HELD_SOCKETS} sockets at each peer from one address that say nothing, opened anew when they are closed`,
  cohort: 'rb-tm',
  restarts: true,
  timesMax: 2,
  run: (scene, counter) =>
    againstEach(
      crowd(scene, HELD_SOCKETS),
      counter,
      async (victim, connected) => {
        const socket = await openCounted(victim, counter)
        connected()
        await socket.closed
      },
      50,
    ),
}

const storm: Attack = {
  name: 'half-open-storm',
  what: `${SOCKETS_PER_SECOND} sockets a second from ${STORM_ADDRESSES} addresses that say nothing`,
  cohort: 'rb-tm',
  restarts: true,
  timesMax: 2,
  async run({ victims }, counter) {
    const held: RawSocket[] = []
    let opened = 0
    const openOne = async (): Promise<void> => {
      const victim = victims[opened % victims.length]!
      const localAddress = `127.0.1.${1 + (opened++ % STORM_ADDRESSES)}`
      const socket = await openCounted(victim, counter, localAddress)
      counter.connections++
      held.push(socket)
      if (held.length > STORM_SOCKETS_MAX) held.shift()!.destroy()
    }
    const startedMs = performance.now()
    for (;;) {
      const due = ((performance.now() - startedMs) * SOCKETS_PER_SECOND) / 1000
      while (opened < due)
        openOne().catch(() => {
          counter.refused++
        })
      await pause(STORM_TICK_MS)
    }
  },
}

const slowBytes: Attack = {
  name: 'slow-strangers',
  what: `${SLOW_SOCKETS} sockets at each peer that negotiate a byte at a time, slowly`,
  cohort: 'rb-tm',
  run: (scene, counter) =>
    againstEach(crowd(scene, SLOW_SOCKETS), counter, async (victim, connected) => {
      const socket = await openCounted(victim, counter)
      connected()
      const words = Buffer.concat([line(MULTISTREAM), line(NOISE), noiseFrame(createInitiator().messageA())])
      for (let at = 0; socket.isOpen; at++) {
        socket.write(words.subarray(at % words.length, (at % words.length) + 1))
        counter.acts++
        await pause(SLOW_MS)
      }
    }),
}

const halfHandshakes: Attack = {
  name: 'half-handshakes',
  what: `${SLOW_SOCKETS} handshakes at each peer that stop after the first message, again and again`,
  cohort: 'rb-tm',
  run: (scene, counter) =>
    againstEach(crowd(scene, SLOW_SOCKETS), counter, async (victim, connected) => {
      const socket = await openCounted(victim, counter)
      await selectProtocol(socket, NOISE).catch(error => {
        socket.destroy()
        throw error
      })
      socket.write(noiseFrame(createInitiator().messageA()))
      connected()
      await socket.closed
    }),
}

const strangers: Attack = {
  name: 'strangers',
  what: `whole handshakes with keys of nobody, ${STRANGERS} at a time at each peer, without a pause`,
  cohort: 'rb-tm',
  run: (scene, counter) =>
    againstEach(
      crowd(scene, STRANGERS),
      counter,
      async (victim, connected) => {
        const session = await dialSession(victim, { seed: randomBytes(32) })
        counter.watch(session.channel.socket)
        connected()
        await session.closed
      },
      10,
    ),
}

/** Bytes to send instead of a negotiation or a handshake. */
const nonsense: readonly (() => Buffer)[] = [
  () => randomBytes(2000),
  () => Buffer.alloc(100_000),
  () => Buffer.alloc(20, 255),
  () => Buffer.concat([varint(2n ** 40n), randomBytes(1000)]),
  () => Buffer.concat(Array.from({ length: 2000 }, () => line('na'))),
  () => Buffer.concat(Array.from({ length: 2000 }, () => line('ls'))),
  () => Buffer.concat(Array.from({ length: 2000 }, () => line(MULTISTREAM))),
  () => Buffer.from('GET / HTTP/1.1\r\nHost: concord\r\n\r\n'),
]
const afterNoise: readonly (() => Buffer)[] = [
  () => noiseFrame(randomBytes(65_535)),
  () => noiseFrame(Buffer.alloc(0)),
  () => Buffer.alloc(65_536),
  () => noiseFrame(Buffer.alloc(32)), // a point of low order
  () => noiseFrame(randomBytes(31)),
  () => Buffer.concat([noiseFrame(createInitiator().messageA()), noiseFrame(randomBytes(200))]),
]

const garbage: Attack = {
  name: 'garbage',
  what: 'bytes that are no negotiation, no handshake, or too much of one',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    againstEach(
      crowd(scene, STRANGERS),
      counter,
      async (victim, connected) => {
        const socket = await openCounted(victim, counter)
        connected()
        try {
          if (Math.random() < 0.5) {
            await selectProtocol(socket, NOISE)
            socket.write(pick(afterNoise)())
          } else socket.write(pick(nonsense)())
          counter.acts++
          // What it is answered, or the end of it.
          await Promise.race([socket.closed, readLine(socket), pause(500)])
        } finally {
          socket.destroy()
        }
      },
      10,
    ),
}

export const socketAttacks: readonly Attack[] = [
  halfOpen,
  storm,
  slowBytes,
  halfHandshakes,
  strangers,
  garbage,
]

/** Attacks with a member's key by what messages say: forged, replayed, absurd, far too early, far too many. */
import { randomBytes } from 'node:crypto'
import type { Message, Phase, Slot } from '../../../agreement/message.ts'
import { encodeMessage } from '../../../node/codec/index.ts'
import { createSigner, digestOf } from '../../../node/signatures/index.ts'
import { type Field, linkFrame, message, prefixed, readLinkFrame, varint } from '../raw/index.ts'
import type { Attack, Counter, Scene } from '../scene.ts'
import {
  breathe,
  dataOf,
  flood,
  INCARNATION,
  messagesIn,
  onTalk,
  pause,
  pick,
  RETRY_MS,
  randomInteger,
} from './ways.ts'

/** Frames that a replay remembers, of all victims; the oldest goes for the newest. */
const REMEMBERED_MAX = 200
const PHASES: readonly Phase[] = ['gradient', 'parameters', 'state', 'metrics']

const randomDigest = (): string => randomBytes(32).toString('hex')

function randomSlot({ peers, steps }: Scene, sender = randomInteger(peers)): Slot {
  return { step: 1 + randomInteger(steps), phase: pick(PHASES), iteration: randomInteger(2), sender }
}

const forgedEvidence: Attack = {
  name: 'forged-evidence',
  what: 'proofs against honest peers that prove nothing: random, this member’s own, or one signature twice',
  cohort: 'rb-tm',
  run(scene, counter) {
    const { sign } = createSigner(scene.cohortId, scene.seed)
    return flood(scene, counter, (sequence, victim) => {
      const slot = randomSlot(scene, pick([victim.peer, randomInteger(scene.peers)]))
      const commitment = () => {
        const digest = randomDigest()
        const signature = sequence % 2 === 0 ? randomBytes(64) : sign(slot, digest)
        return { digest, signature }
      }
      const first = commitment()
      const second = sequence % 3 === 0 ? first : commitment()
      return dataOf(sequence, { kind: 'evidence', slot, first, second })
    })
  },
}

const randomFrames: Attack = {
  name: 'random-frames',
  what: 'random bytes as frames, and as messages of frames, as fast as they are taken',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    flood(scene, counter, sequence => {
      const bytes = randomBytes(1 + randomInteger(3000))
      return sequence % 2 === 0 ? bytes : linkFrame.data(sequence, [prefixed(bytes.subarray(0, 100)), bytes])
    }),
}

const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n],
  ...[2n ** 63n, 2n ** 64n - 1n],
]

/** Any of the messages, each number absurd or small. */
function absurdMessage(dimension: number): Buffer {
  const number = (): bigint => (Math.random() < 0.5 ? pick(NUMBERS) : BigInt(randomInteger(8)))
  const slot = message([1, number()], [2, number()], [3, number()], [4, number()])
  const kind = 2 + randomInteger(10)
  const bodies: readonly Field[][] = [
    [
      [1, number()],
      [2, randomBytes(64)],
    ],
    [
      [1, randomBytes(32)],
      [2, randomBytes(64)],
    ],
    [[1, Buffer.concat(Array.from({ length: 50 }, () => varint(pick(NUMBERS))))]],
    [
      [1, number()],
      [2, slot],
      [3, randomBytes(32)],
      [4, randomBytes(64)],
      [5, number()],
    ],
    [],
  ]
  const header = prefixed(message([1, slot], [kind, message(...pick(bodies))]))
  return Math.random() < 0.3 ? Buffer.concat([header, randomBytes(4 * Math.min(dimension, 100))]) : header
}

const absurdNumbers: Attack = {
  name: 'absurd-numbers',
  what: 'every field of every frame and message up to 2^64 − 1',
  cohort: 'rb-tm',
  run: ({ dimension, ...scene }, counter) =>
    flood({ dimension, ...scene }, counter, sequence => {
      const number = () => pick(NUMBERS)
      return pick([
        () => linkFrame.data(sequence, [absurdMessage(dimension)]),
        () => linkFrame.data(number(), [absurdMessage(dimension)], Number(pick(NUMBERS.slice(0, 7)))),
        () => linkFrame.ack(number()),
        () => linkFrame.piece(number(), number(), randomBytes(pick([0, 1, 1000]))),
        () => linkFrame.piece(0, number(), absurdMessage(dimension)),
        () =>
          linkFrame.resume({
            incarnation: number(),
            peerIncarnation: number(),
            received: number(),
            step: number(),
            completeFrom: number(),
          }),
        () => linkFrame.finished(),
      ])()
    }),
}

const farFuture: Attack = {
  name: 'far-future',
  what: 'this member’s own vectors, well signed, for steps that nobody has come to yet',
  cohort: 'mda',
  run(scene, counter) {
    const { sign } = createSigner(scene.cohortId, scene.seed)
    const vector = Float32Array.from({ length: scene.dimension }, (_, i) => Math.sin(i))
    const digest = digestOf(vector)
    return flood(scene, counter, sequence => {
      // From the last step downwards, and each slot once.
      const step = scene.steps - (Math.floor(sequence / 2) % scene.steps)
      const phase = sequence % 2 === 0 ? 'gradient' : 'parameters'
      const slot: Slot = { step, phase, iteration: 0, sender: scene.self }
      return dataOf(sequence, {
        kind: 'vector',
        slot,
        sealed: { vector, digest, signature: sign(slot, digest) },
      })
    })
  },
}

/** Like `flood`, but hears what the victims say, and acknowledges it; `heard` has the newest at its end. */
function answering(
  scene: Scene,
  counter: Counter,
  next: (sequence: number, heard: readonly Message[]) => Message | null,
): Promise<void> {
  const heard: Message[] = []
  return onTalk(scene, counter, async talk => {
    let acknowledged = 0
    const listen = async (): Promise<void> => {
      for (;;) {
        const frame = await talk.next(Number.POSITIVE_INFINITY)
        const { kind, numbers } = readLinkFrame(frame)
        if (kind !== 'data') continue
        const messages = messagesIn(scene, frame)
        heard.push(...messages)
        heard.splice(0, Math.max(0, heard.length - REMEMBERED_MAX))
        acknowledged = Number(numbers[1]) + messages.length - 1
      }
    }
    const speak = async (): Promise<void> => {
      for (let sequence = 1; ; ) {
        const said = next(sequence, heard)
        if (said === null) await pause(RETRY_MS)
        else {
          await talk.send(linkFrame.data(sequence++, [Buffer.concat(encodeMessage(said))], acknowledged))
          counter.acts++
          await breathe()
        }
      }
    }
    await talk.send(linkFrame.resume({ incarnation: INCARNATION }))
    await Promise.race([listen(), speak()])
  })
}

const replays: Attack = {
  name: 'replays',
  what: 'what honest peers have said, vectors and votes, said again to all of them',
  cohort: 'rb-tm',
  run: (scene, counter) => answering(scene, counter, (_, heard) => (heard.length === 0 ? null : pick(heard))),
}

const requests: Attack = {
  name: 'payload-requests',
  what: 'requests for vectors, for all that was heard of and for parameters of every step: small questions, long answers',
  cohort: 'rb-tm',
  run: (scene, counter) =>
    answering(scene, counter, (sequence, heard) => {
      const known = heard.filter(({ kind }) => kind === 'echo' || kind === 'vector')
      const slot: Slot = { ...randomSlot(scene, scene.self), phase: 'state', iteration: 0 }
      if (sequence % 4 === 0) return { kind: 'fetch', slot }
      if (sequence % 4 === 1) return { kind: 'query', slot }
      if (known.length === 0) return { kind: 'request', slot: randomSlot(scene), digest: randomDigest() }
      const about = pick(known)
      return { kind: 'request', slot: about.slot, digest: digestIn(about) }
    }),
}

function digestIn(said: Message): string {
  if ('digest' in said) return said.digest
  return 'sealed' in said ? said.sealed.digest : randomDigest()
}

export const messageAttacks: readonly Attack[] = [
  ...[forgedEvidence, randomFrames, absurdNumbers, farFuture, replays, requests],
]

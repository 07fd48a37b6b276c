/** The inputs for each layer: close to valid ones, so that they are not dropped at the first byte. */
import type { RandomStream } from '../../../learning/random.ts'
import {
  CONCORD,
  createInitiator,
  FLAG,
  helloFrame,
  line,
  MULTISTREAM,
  NOISE,
  noiseFrame,
  TYPE,
  yamuxFrame,
} from '../../hostile/raw/index.ts'
import { mutate } from '../mutate.ts'
import { frameSeeds } from '../targets.ts'

const bytesOf = (count: number, random: RandomStream): Buffer =>
  Buffer.from(Uint8Array.from({ length: count }, () => random.integer(256)))

/** Of a dialogue that has not even agreed on a cipher. */
export function tcpInput(random: RandomStream): Uint8Array {
  const greeting = Buffer.concat([line(MULTISTREAM), line(NOISE)])
  const handshake = Buffer.concat([greeting, noiseFrame(createInitiator().messageA())])
  const kind = random.integer(4)
  return kind === 0 ? bytesOf(1 + random.integer(300), random) : mutate([greeting, handshake], random)
}

/** A first or third message of Noise's handshake. */
export function handshakeInput(random: RandomStream): Uint8Array {
  const kind = random.integer(4)
  if (kind === 0) return noiseFrame(bytesOf(random.integer(200), random))
  return mutate([noiseFrame(createInitiator().messageA())], random)
}

/** Numbers that a header goes wrong at. */
const tellingNumbers = [0, 1, 2, 11, 12, 0x7fffffff, 0x80000000, 0xffffffff]

/** A frame of Yamux: mostly of a known kind with odd numbers, sometimes just bytes. */
export function yamuxInput(random: RandomStream): Uint8Array {
  const number = () =>
    random.integer(3) === 0 ? tellingNumbers[random.integer(tellingNumbers.length)]! : random.integer(600)
  // Stream 1 is open; odd numbers are the attacker's to open. Even ones, and most other nonsense, end the connection.
  const stream = random.integer(300) === 0 ? number() : 1 + 2 * random.integer(40)
  const flags =
    random.integer(2) * (random.integer(8) === 0 ? random.integer(65_536) & ~FLAG.syn : random.integer(16))
  const rare = random.integer(600)
  if (rare === 0) return mutate([yamuxFrame({ type: TYPE.data, stream }, bytesOf(20, random))], random)
  if (rare === 1) return yamuxFrame({ type: random.integer(256), flags, stream, length: number() })
  if (rare === 2) return yamuxFrame({ type: TYPE.ping, flags, length: number() })
  // A few pings and streams cost as much as a thousand other frames.
  const cheap = random.integer(50) === 0 ? flags : flags & ~FLAG.syn
  if (random.integer(3) === 0)
    return yamuxFrame({ type: TYPE.update, flags: cheap, stream, length: number() })
  return yamuxFrame({ type: TYPE.data, flags: cheap, stream }, bytesOf(random.integer(40), random))
}

const frames = frameSeeds()

/** A frame of a link. */
export function frameInput(random: RandomStream): Uint8Array {
  return random.integer(20) === 0 ? bytesOf(random.integer(200), random) : mutate(frames, random)
}

/** A hello that is none, or nearly one. */
export function helloInput(cohortId: string, random: RandomStream): Uint8Array {
  return mutate([helloFrame({ cohortId }), Buffer.from(CONCORD)], random)
}

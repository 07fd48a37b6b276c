/** Our own frames, written by hand: the hello, and the frames of a link (node/codec/frame.proto). */
import { FRAME_BYTES_MAX } from './limits.ts'
import { type Field, message, parse, prefixed, readVarint } from './protobuf.ts'
import { RawError } from './queue.ts'
import type { Channel } from './socket.ts'

export const CONCORD = '/concord/1.3.0'
export const ADDRESSES = '/concord/addresses/1.0.0'

export interface HelloFields {
  readonly cohortId: string
  readonly name?: string
  readonly software?: string
  readonly clockMs?: number | bigint
}

export function helloFrame({ cohortId, name = 'mallory', software = 'raw/1', clockMs }: HelloFields): Buffer {
  const clock: Field[] = [[4, clockMs ?? Date.now()]]
  return message([1, cohortId], [2, name], [3, software], ...clock)
}

export function readHello(frame: Uint8Array): HelloFields {
  const { bytes, numbers } = parse(frame)
  const [cohortId, name, software] = [1, 2, 3].map(field => String(bytes.get(field)?.at(-1) ?? ''))
  return { cohortId: cohortId!, name: name!, software: software!, clockMs: Number(numbers.get(4) ?? 0n) }
}

interface ResumeFields {
  readonly incarnation: number | bigint
  readonly peerIncarnation?: number | bigint
  readonly received?: number | bigint
  readonly step?: number | bigint
  readonly completeFrom?: number | bigint
}

const link = (content: number, ...fields: readonly Field[]) =>
  prefixed(message([content, message(...fields)]))

/** Link frames; the transport's length is not before them yet. */
export const linkFrame = {
  resume: ({
    incarnation,
    peerIncarnation = 0,
    received = 0,
    step = 1,
    completeFrom = 0,
  }: ResumeFields): Buffer =>
    link(3, [1, incarnation], [2, peerIncarnation], [3, received], [4, step], [5, completeFrom]),
  /** `messages`: each as node/codec encodes it, chunks joined, or any bytes. */
  data: (sequence: number | bigint, messages: readonly Uint8Array[], acknowledged = 0): Buffer =>
    Buffer.concat([link(1, [1, sequence], [2, acknowledged]), ...messages]),
  ack: (acknowledged: number | bigint): Buffer => link(2, [1, acknowledged]),
  finished: (): Buffer => link(4),
  piece: (offset: number | bigint, totalBytes: number | bigint, bytes: Uint8Array): Buffer =>
    Buffer.concat([link(5, [1, offset], [2, totalBytes]), bytes]),
} as const

const KINDS = ['', 'data', 'ack', 'resume', 'finished', 'piece'] as const

/** What a link frame's header says; `numbers[1]` is its first field. `rest`: the messages. */
interface LinkHeader {
  readonly kind: 'data' | 'ack' | 'resume' | 'finished' | 'piece'
  readonly numbers: readonly bigint[]
  readonly rest: Buffer
}

export function readLinkFrame(frame: Buffer): LinkHeader {
  const [length, start] = readVarint(frame, 0)
  const end = start + Number(length)
  const { bytes } = parse(frame.subarray(start, end))
  const [content] = bytes.keys()
  const kind = KINDS[content ?? 0]
  if (kind === undefined || kind === '') throw new RawError('a link frame of unknown kind')
  const { numbers } = parse(bytes.get(content!)!.at(-1)!)
  return { kind, numbers: [0, 1, 2, 3, 4, 5].map(i => numbers.get(i) ?? 0n), rest: frame.subarray(end) }
}

/** The next frame behind its length. */
export async function readFrame(channel: Channel, timeoutMs?: number): Promise<Buffer> {
  let length = 0
  for (let factor = 1; ; factor *= 128) {
    const [byte] = await channel.read(1, timeoutMs)
    length += (byte! & 127) * factor
    if (byte! < 128) break
  }
  if (length > FRAME_BYTES_MAX) throw new RawError(`a frame of ${length} bytes`)
  return channel.read(length, timeoutMs)
}

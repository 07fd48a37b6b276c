/** Yamux frames: twelve bytes of header, and after those of data their body. */

export const TYPE = { data: 0, update: 1, ping: 2, goAway: 3 } as const
export const FLAG = { syn: 1, ack: 2, fin: 4, rst: 8 } as const
export const HEADER_BYTES = 12

export interface YamuxHeader {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** Of the body; of an update, a ping, a go-away: their number. */
  readonly length: number
}

/** Any header at all, and any body: `length` is that of the body by default. */
export function yamuxFrame(
  header: Partial<YamuxHeader> & { readonly version?: number },
  body: Uint8Array = Buffer.alloc(0),
): Buffer {
  const { version = 0, type = TYPE.data, flags = 0, stream = 0, length = body.length } = header
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt8(version, 0)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt32BE(stream, 4)
  bytes.writeUInt32BE(length, 8)
  return Buffer.concat([bytes, body])
}

export function readHeader(bytes: Buffer): YamuxHeader {
  return {
    type: bytes.readUInt8(1),
    flags: bytes.readUInt16BE(2),
    stream: bytes.readUInt32BE(4),
    length: bytes.readUInt32BE(8),
  }
}

/** This many streams opened at once, in one piece: odd numbers, as the side that dialled has them. */
export function synBurst(count: number, firstStream = 1): Buffer {
  const frames = Array.from({ length: count }, (_, i) =>
    yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: firstStream + 2 * i }),
  )
  return Buffer.concat(frames)
}

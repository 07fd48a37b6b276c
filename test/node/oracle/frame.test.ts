/** Frames: whatever the chunks are, the same frames come out, and what is between them is told apart. */
import test from 'ava'
import fc from 'fast-check'
import { createFrameReader, encodeFrame, type Frame, HEADER_BYTES_MAX } from '../../../node/oracle/frame.ts'

function readAll(bytes: Uint8Array, cuts: readonly number[]) {
  const frames: Frame[] = []
  let stray = ''
  let broken: string | null = null
  const read = createFrameReader({
    frame: frame => frames.push(frame),
    stray: part => {
      stray += Buffer.from(part).toString('latin1')
    },
    broken: why => {
      broken = why
    },
  })
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  // A copy each, as from a socket that reuses its buffer.
  for (const [i, end] of places.slice(1).entries()) read(bytes.slice(places[i]!, end))
  return { frames, stray, broken }
}

const join = (parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts))

test('any frames, cut anywhere, with text between them, come out as they went in', t => {
  const frame = fc.record({
    header: fc.record({ type: fc.string(), id: fc.nat() }),
    payload: fc.float32Array({ maxLength: 20, noNaN: true }),
    before: fc.string({ unit: fc.constantFrom('a', '\n', '\x93', 'C'), maxLength: 6 }),
  })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
      const bytes = join(
        sent.flatMap(({ header, payload, before }) => [
          Buffer.from(before, 'latin1'),
          ...encodeFrame(header, payload),
        ]),
      )
      const { frames, stray, broken } = readAll(
        bytes,
        cuts.map(cut => cut % (bytes.length + 1)),
      )
      t.deepEqual(
        frames.map(({ header, payload }) => ({ header, payload: [...payload] })),
        sent.map(({ header, payload }) => ({ header, payload: [...payload] })),
      )
      t.is(stray, sent.map(({ before }) => before).join(''))
      t.is(broken, null)
    }),
  )
})

test('the bytes are those of the specification', t => {
  const bytes = join(encodeFrame({ a: 1 }, Float32Array.of(1)))
  t.deepEqual(
    [...bytes],
    [0x93, ...Buffer.from('CONCORD'), 7, 0, 0, 0, 4, 0, 0, 0, ...Buffer.from('{"a":1}'), 0, 0, 0x80, 0x3f],
  )
})

test('lengths and headers that cannot be are told, and nothing follows', t => {
  const magic = Buffer.from('\x93CONCORD', 'latin1')
  const lengths = (header: number, payload: number) => {
    const two = Buffer.alloc(8)
    two.writeUInt32LE(header)
    two.writeUInt32LE(payload, 4)
    return Buffer.concat([magic, two])
  }
  const good = join(encodeFrame({ ok: true }))
  for (const [bytes, why] of [
    [lengths(HEADER_BYTES_MAX + 1, 0), /header of 4194305 bytes/],
    [lengths(2, 3), /payload of 3 bytes/],
    [Buffer.concat([lengths(2, 0), Buffer.from('{x')]), /not JSON: "\{x"/],
  ] as const) {
    const { frames, broken } = readAll(join([bytes, good]), [])
    t.deepEqual(frames, [])
    t.regex(broken ?? '', why)
  }
})

/** Small Parquet files and images of each kind, from which the fuzzer begins. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { encode } from 'jpeg-js'
import { PNG } from 'pngjs'

const COMPRESSORS = { GZIP: gzipSync, ZSTD: zstdCompressSync, BROTLI: brotliCompressSync }

/** Each compression, with columns of each type and encoding. */
export function parquetSeeds(): readonly Uint8Array[] {
  const columnData = [
    { name: 'a', type: 'INT32' as const, data: [1, null, 3, 4], encoding: 'DELTA_BINARY_PACKED' as const },
    { name: 'b', type: 'DOUBLE' as const, data: [0.5, 1, 1, null], encoding: 'BYTE_STREAM_SPLIT' as const },
    { name: 'c', type: 'BOOLEAN' as const, data: [true, false, true, true] },
    { name: 'd', type: 'INT64' as const, data: [1n, 2n, 3n, 4n] },
    { name: 'label', type: 'STRING' as const, data: ['x', 'y', 'x', 'x'] },
  ]
  const codecs = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI'] as const
  return codecs.map(
    codec =>
      new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors: COMPRESSORS, rowGroupSize: 3 })),
  )
}

/** PNGs of each colour type, one of them interlaced, and JPEGs, of 4 × 3 pixels. */
export function imageSeeds(): readonly Uint8Array[] {
  const [width, height] = [4, 3]
  const data = Buffer.from(Array.from({ length: 4 * width * height }, (_, i) => (i * 37) % 256))
  const png = new PNG({ width, height })
  png.data = data
  const pngs = ([0, 2, 4, 6] as const).map(colorType =>
    PNG.sync.write(png, { colorType, inputColorType: 6, bitDepth: colorType === 2 ? 16 : 8 }),
  )
  // Its rows are in four passes: an eighth, a quarter, a half, all.
  const interlaced = Buffer.from(pngs[0]!)
  interlaced[28] = 1
  const idat = interlaced.indexOf('IDAT')
  const rows = deflateSync(Buffer.alloc(64))
  const whole = Buffer.concat([interlaced.subarray(0, idat - 4), Buffer.alloc(4), Buffer.from('IDAT'), rows])
  whole.writeUInt32BE(rows.length, idat - 4)
  return [
    ...pngs,
    whole,
    encode({ width, height, data }, 80).data,
    encode({ width: 9, height: 1, data: data.subarray(0, 36) }, 30).data,
  ]
}

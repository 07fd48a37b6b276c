/**
 * The watermark's file: two cells, far enough apart that no sector holds both, written in turn. So an interrupted
 * write, or a flipped bit, costs one of them. The other is one write older: it is behind the log, and therefore true.
 *
 *   cell = "concord mark 1\n" ‖ 0 ‖ entries ‖ step (64-bit floats, little-endian) ‖ CRC-32 of all before
 */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Watermark } from '../ports.ts'

const MAGIC = Buffer.from('concord mark 1\n\0')
const CELL_BYTES = MAGIC.length + 8 + 8 + 4
/** Sectors have 512 or 4,096 bytes. */
const CELL_DISTANCE = 4096
export const WATERMARK_BYTES = 2 * CELL_DISTANCE

interface ReadWatermark {
  /** Null: neither cell can be read. */
  readonly watermark: Watermark | null
  /** The cell to write next. */
  readonly next: 0 | 1
  /** Cells that cannot be read. */
  readonly damaged: number
}

function encodeCell({ entries, step }: Watermark): Buffer {
  const cell = Buffer.alloc(CELL_BYTES)
  MAGIC.copy(cell)
  cell.writeDoubleLE(entries, MAGIC.length)
  cell.writeDoubleLE(step, MAGIC.length + 8)
  cell.writeUInt32LE(crc32(cell.subarray(0, CELL_BYTES - 4)), CELL_BYTES - 4)
  return cell
}

/** A new file: both cells say the same. */
export function encodeWatermark(watermark: Watermark): Buffer {
  const file = Buffer.alloc(WATERMARK_BYTES)
  for (const at of [0, CELL_DISTANCE]) encodeCell(watermark).copy(file, at)
  return file
}

export function decodeWatermark(file: Buffer): ReadWatermark {
  const [first, second] = [decodeCell(file, 0), decodeCell(file, CELL_DISTANCE)]
  const damaged = Number(first === null) + Number(second === null)
  const isFirst = first !== null && (second === null || first.entries > second.entries)
  return { watermark: isFirst ? first : second, next: isFirst ? 1 : 0, damaged }
}

function decodeCell(file: Buffer, at: number): Watermark | null {
  const cell = file.subarray(at, at + CELL_BYTES)
  if (cell.length < CELL_BYTES || !MAGIC.equals(cell.subarray(0, MAGIC.length))) return null
  if (cell.readUInt32LE(CELL_BYTES - 4) !== crc32(cell.subarray(0, CELL_BYTES - 4))) return null
  const [entries, step] = [cell.readDoubleLE(MAGIC.length), cell.readDoubleLE(MAGIC.length + 8)]
  return Number.isSafeInteger(entries) && Number.isSafeInteger(step) ? { entries, step } : null
}

export interface WatermarkFile {
  /**
   * When this resolves it is written, and on its way to the disk. Throws the error that kept the one before from
   * getting there.
   */
  write(watermark: Watermark): Promise<void>
  close(): Promise<void>
}

/** Takes over the file: `close` closes it. */
export function watermarkFile(file: FileHandle, { next, watermark }: ReadWatermark): WatermarkFile {
  let cell = next
  let entries = watermark?.entries ?? -1
  let syncing: Promise<void> = Promise.resolve()
  return {
    async write(mark) {
      if (mark.entries === entries) return
      // Before a cell is written the other must be on the disk.
      await syncing
      const bytes = encodeCell(mark)
      await file.write(bytes, 0, bytes.length, cell * CELL_DISTANCE)
      entries = mark.entries
      cell = cell === 0 ? 1 : 0
      syncing = file.datasync()
      // The next write reports the error; until then nobody listens.
      syncing.catch(() => {})
    },
    async close() {
      await syncing.catch(() => {})
      await file.close()
    },
  }
}

/**
 * Receives a vector part by part. Each part is copied to its place, hashed and checked at once, while the cache still
 * holds it, and then need not be kept. A separate pass for any of these would fetch megabytes from memory again.
 */
import { areFinite, writeBytes } from '../../agreement/kernels/index.ts'
import {
  bytesOf,
  type Flaw,
  type NarrowPrecision,
  type Precision,
  unitBytes,
  unitLength,
  widen,
} from '../../agreement/precision.ts'
import { markFinite, type Vector } from '../../agreement/vector.ts'
import { arrivingDigest } from '../signatures/digest.ts'
import { BIG_ENDIAN } from '../signatures/vector-bytes.ts'
import { arrivingVector } from './arrival-buffers.ts'
import { type Cursor, need, nextPart } from './cursor.ts'
import { releasePassing } from './passing-memory.ts'

/**
 * Yields while there is nothing to read.
 * @returns null where bytes are not those that its numbers are encoded as
 */
export function* receiveVector(
  cursor: Cursor,
  dimension: number,
  precision: Precision,
): Generator<void, Vector | null> {
  const length = bytesOf(dimension, precision)
  need(cursor, length)
  const vector = arrivingVector(dimension)
  const intake = precision === 'f32' ? floatIntake(vector) : narrowIntake(vector, precision)
  const digest = arrivingDigest(precision)
  for (let left = length; left > 0; ) {
    const part = nextPart(cursor, left)
    if (part.length === 0) {
      yield
      continue
    }
    intake.add(part)
    digest.add(part)
    left -= part.length
    releasePassing(part)
  }
  const flaw = intake.flaw()
  if (flaw === 'other-form') return null
  digest.end(vector)
  if (flaw === null) markFinite(vector)
  return vector
}

/** Takes in the bytes of a vector, in order. */
interface Intake {
  add(part: Uint8Array): void
  /** What is wrong with the numbers so far. */
  flaw(): Flaw | null
}

function floatIntake(vector: Vector): Intake {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  let finite = true
  let filled = 0
  return {
    add(part) {
      writeBytes(bytes, filled, part)
      const before = filled >>> 2
      filled += part.length
      const whole = filled >>> 2
      if (BIG_ENDIAN) bytes.subarray(4 * before, 4 * whole).swap32()
      finite &&= areFinite(vector, before, whole)
    },
    flaw: () => (finite ? null : 'not-finite'),
  }
}

/** Widens whole units straight from a part; a unit that lies in two parts is joined first. */
function narrowIntake(vector: Vector, precision: NarrowPrecision): Intake {
  const unit = unitBytes(precision)
  const perUnit = unitLength(precision)
  const total = bytesOf(vector.length, precision)
  const joined = new Uint8Array(unit)
  let waiting = 0
  let filled = 0
  let found: Flaw | null = null
  const take = (units: Uint8Array) => {
    const flaw = widen(units, precision, vector, (filled / unit) * perUnit)
    filled += units.length
    if (flaw !== null) found ??= flaw
  }
  return {
    add(part) {
      let at = 0
      if (waiting > 0) {
        at = Math.min(Math.min(unit, total - filled) - waiting, part.length)
        joined.set(part.subarray(0, at), waiting)
        waiting += at
        if (waiting < Math.min(unit, total - filled)) return
        take(joined.subarray(0, waiting))
        waiting = 0
      }
      const left = part.length - at
      const whole = filled + left === total ? left : left - (left % unit)
      if (whole > 0) take(part.subarray(at, at + whole))
      waiting = left - whole
      joined.set(part.subarray(at + whole))
    },
    flaw: () => found,
  }
}

/** Skips bytes that are of no use. */
export function* skip(cursor: Cursor, length: number): Generator<void, void> {
  need(cursor, length)
  for (let left = length; left > 0; ) {
    const { length: passed } = nextPart(cursor, left)
    if (passed === 0) yield
    left -= passed
  }
}

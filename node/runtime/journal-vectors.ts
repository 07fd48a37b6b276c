/**
 * The long vectors of a journal: each stands on the disk once, whatever refers to it, and its place is free again when
 * nothing does. The newest few stay in memory as well; the others are read when somebody needs them.
 */
import type { Digest, Sealed } from '../../agreement/message.ts'
import type { Precision } from '../../agreement/precision.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { PastParameters } from '../../learning/recovery/contract.ts'
import type { VectorPlaces } from '../ports.ts'
import { arrivingDigest, digestOf } from '../signatures/digest.ts'
import { BIG_ENDIAN, vectorBytes } from '../signatures/vector-bytes.ts'
import { StorageError } from '../storage/errors.ts'
import { moveOut } from './movable.ts'

/** Where a vector stands: all its 32 bits, whatever the precision in which it travels. */
export interface VectorAt {
  readonly place: number
  readonly digest: Digest
  /** That of the bytes that the digest is of; absent: f32. */
  readonly precision?: Precision
}

export interface JournalVectors {
  /** Of every vector here. */
  readonly dimension: number
  /** Writes the vector unless it stands there already. It stays until it is released as often as it was put. */
  put(vector: Vector, by?: Pick<VectorAt, 'digest' | 'precision'>): VectorAt
  /** One that was put by an earlier incarnation. */
  adopt(at: VectorAt): void
  release(digest: Digest): void
  /** Where a vector stands that has been put and not been released. */
  find(digest: Digest): VectorAt
  /** @throws StorageError `storage-damaged` if the disk has changed it */
  load(digest: Digest): Vector
  /** Lets a movable one leave the memory if its vector stands here. */
  moveOut(sealed: Sealed): void
  /** Keeps a movable one in memory while it is among the newest. It has been put. */
  keepNear(sealed: Sealed): void
  /** A sync begins. Call what it returns when it is over: vectors that are on the disk may leave the memory. */
  syncing(): () => void
  /** A peer's past parameters on the disk. */
  history(past: Iterable<readonly [step: number, at: VectorAt]>): PastParameters
}

interface Standing {
  readonly place: number
  readonly precision: Precision
  uses: number
  /** The vector, as long as somebody else holds it. */
  seen: WeakRef<Vector> | null
}

const DAMAGED =
  'the file of vectors beside the log cannot be read, or has changed: a vector that this peer has kept there is not what it was. Check the disk, and start again: the peer then starts without memory'

/**
 * @param dimension of every vector here
 * @param near how many of the newest stay in memory
 * @param failed called before `load` throws: the peer cannot go on, as it could not give what it has promised
 */
export function createJournalVectors(
  places: VectorPlaces,
  dimension: number,
  near: number,
  failed: (error: Error) => void,
): JournalVectors {
  const standing = new Map<Digest, Standing>()
  const newest: { readonly sealed: Sealed; readonly number: number }[] = []
  let [numbered, settled] = [0, 0]
  const put: JournalVectors['put'] = (
    vector,
    { digest, precision = 'f32' } = { digest: digestOf(vector) },
  ) => {
    let found = standing.get(digest)
    if (found === undefined) {
      found = { place: places.put(vectorBytes(vector)), precision, uses: 0, seen: null }
      standing.set(digest, found)
    }
    found.uses++
    found.seen ??= new WeakRef(vector)
    return { place: found.place, digest, precision }
  }
  const release = (digest: Digest) => {
    const found = standing.get(digest)
    if (found === undefined || --found.uses > 0) return
    standing.delete(digest)
    places.free(found.place)
  }
  const load = (digest: Digest): Vector => {
    const found = standing.get(digest)
    if (found === undefined) throw new Error(`the vector ${digest} was released before it was read`)
    const seen = found.seen?.deref()
    if (seen !== undefined) return seen
    const vector = readVector(places, found.place, dimension)
    if (vector === null || digestOf(vector, found.precision) !== digest) {
      const error = new StorageError('storage-damaged', DAMAGED)
      failed(error)
      throw error
    }
    found.seen = new WeakRef(vector)
    return vector
  }
  return {
    dimension,
    put,
    adopt({ place, digest, precision = 'f32' }) {
      const found = standing.get(digest)
      if (found === undefined) standing.set(digest, { place, precision, uses: 1, seen: null })
      else found.uses++
    },
    release,
    find: digest => ({ place: standing.get(digest)!.place, digest }),
    load,
    moveOut(sealed) {
      if (standing.has(sealed.digest)) moveOut(sealed, () => load(sealed.digest))
    },
    keepNear: sealed => void newest.push({ sealed, number: ++numbered }),
    syncing() {
      const covered = numbered
      return () => {
        settled = Math.max(settled, covered)
        while (newest.length > near && newest[0]!.number <= settled) {
          const { sealed } = newest.shift()!
          moveOut(sealed, () => load(sealed.digest))
        }
      }
    },
    history: past => historyOn({ put, release, load }, standing, past),
  }
}

function historyOn(
  vectors: Pick<JournalVectors, 'put' | 'release' | 'load'>,
  standing: ReadonlyMap<Digest, Standing>,
  past: Iterable<readonly [step: number, at: VectorAt]>,
): PastParameters {
  const byStep = new Map<number, Digest>()
  for (const [step, { digest }] of past) {
    standing.get(digest)!.uses++
    byStep.set(step, digest)
  }
  const forget = (step: number) => {
    const digest = byStep.get(step)
    byStep.delete(step)
    if (digest !== undefined) vectors.release(digest)
  }
  return {
    get(step) {
      const digest = byStep.get(step)
      return digest === undefined ? undefined : vectors.load(digest)
    },
    set(step, vector) {
      const { digest } = vectors.put(vector)
      forget(step)
      byStep.set(step, digest)
    },
    delete: forget,
    keys: () => byStep.keys(),
  }
}

/** Null: the disk cannot read it. */
function readVector(places: Pick<VectorPlaces, 'read'>, place: number, dimension: number): Vector | null {
  const vector = new Float32Array(dimension)
  const bytes = Buffer.from(vector.buffer)
  try {
    places.read(place, 0, bytes)
  } catch {
    return null
  }
  if (BIG_ENDIAN) bytes.swap32()
  return vector
}

const PIECE_BYTES = 2 ** 20

/** Whether the disk still holds there what its record says; reads it in pieces where it can. */
export function stands(
  places: Pick<VectorPlaces, 'read'>,
  { place, digest, precision = 'f32' }: VectorAt,
  dimension: number,
): boolean {
  const hash = arrivingDigest(precision)
  const piece = new Uint8Array(Math.min(PIECE_BYTES, 4 * dimension))
  try {
    if (precision !== 'f32') {
      const vector = readVector(places, place, dimension)
      return vector !== null && digestOf(vector, precision) === digest
    }
    for (let at = 0; at < 4 * dimension; at += PIECE_BYTES) {
      const part = piece.subarray(0, Math.min(PIECE_BYTES, 4 * dimension - at))
      places.read(place, at, part)
      hash.add(part)
    }
  } catch {
    return false
  }
  return hash.end(null) === digest
}

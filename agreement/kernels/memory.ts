/**
 * The memory that the emitted kernels read. It is one WebAssembly memory: its first part is the kernels' scratch, the
 * rest is slots for vectors. A received vector is written straight into a slot, and no rule copies it again. Vectors
 * from elsewhere pass through the scratch tile by tile.
 *
 * A slot is free again once nothing refers to it. Every vector here looks at the memory through an array buffer of its
 * own. Every view made from the vector keeps that buffer alive, and the slot is freed with it. If shared memory is
 * missing, or all slots are taken, a vector is an ordinary array; everything gives the same bits.
 */
import type { Vector } from '../vector.ts'

const PAGE_BYTES = 65_536
/** Scratch of one thread: pointers and weights, a tile of 32-bit rows, a tile of 64-bit rows, accumulators. */
export const SCRATCH_BYTES = 64 * PAGE_BYTES
/** How many threads can have a scratch of their own. */
export const SCRATCHES = 8
const FIRST_SLOT = SCRATCHES * SCRATCH_BYTES
const BYTES_MAX = 768 * 2 ** 20
/** Rows whose distance is a multiple of a page would all fall into the same few cache lines. */
const STAGGER_BYTES = 5 * 64

/**
 * The part of a WebAssembly memory that is used here, spelt out for users whose TypeScript does not know WebAssembly.
 */
export interface Pages {
  readonly buffer: ArrayBufferLike
  grow(pages: number): number
}

interface KernelMemory {
  readonly memory: Pages
  readonly shared: boolean
}

let made: KernelMemory | undefined
const free = new Map<number, number[]>()
const slots = new WeakMap<ArrayBufferLike, { readonly address: number; readonly length: number }>()
let next = FIRST_SLOT

/** The one memory, made at first use. */
export function kernelMemory(): KernelMemory {
  made ??= make()
  return made
}

/** For a thread that shares another thread's memory: sets that memory, before anything else here is used. */
export function adoptMemory(memory: Pages): void {
  made = { memory, shared: true }
}

function make(): KernelMemory {
  const initial = FIRST_SLOT / PAGE_BYTES
  if (typeof SharedArrayBuffer === 'undefined' || typeof structuredClone === 'undefined')
    return { memory: new WebAssembly.Memory({ initial }), shared: false }
  return {
    memory: new WebAssembly.Memory({ initial, maximum: BYTES_MAX / PAGE_BYTES, shared: true }),
    shared: true,
  }
}

/** Limits to declare in a kernel's module. */
export function memoryLimits(): { pages: number; pagesMax: number } | undefined {
  return kernelMemory().shared ? { pages: 1, pagesMax: BYTES_MAX / PAGE_BYTES } : undefined
}

interface Slot {
  readonly address: number
  readonly bytes: number
  /** Whether it counts as taken by a short-lived vector. */
  readonly passing: boolean
}

/** Calls back with the slot once its buffer is gone. When that happens affects only where bytes lie. */
const registry = new FinalizationRegistry<Slot>(({ address, bytes, passing }) => {
  listOf(bytes).push(address)
  if (passing) count(-1, -bytes)
})

function listOf(bytes: number): number[] {
  const list = free.get(bytes) ?? []
  free.set(bytes, list)
  return list
}

/**
 * A new vector, in the kernels' memory where there is room: what is received is written straight into it. What it
 * holds until then is unspecified. It looks into a shared buffer at an offset, so its bytes are `new Uint8Array(v.buffer, v.byteOffset,
 * v.byteLength)`; a copy, not the vector itself, is what to post to another thread.
 */
export function allocateVector(length: number): Vector {
  return length > 0 ? allocate(length, false) : new Float32Array(length)
}

/** How much of the memory short-lived vectors may take, in bytes and in slots. */
export const PASSING_BYTES_MAX = 128 * 2 ** 20
export const PASSING_SLOTS_MAX = 128
/** For shorter vectors a slot costs more than a rule's copy. */
const PASSING_LENGTH_MIN = 4096

const passingNow = { slots: 0, bytes: 0 }
let passingFactor = 1

/**
 * Short-lived vectors may take so many times as much from now on: for a process with the vectors of many peers.
 * @param factor at most 4, so that others find room
 */
export function growPassing(factor: number): void {
  passingFactor = Math.min(4, factor)
}

function count(slots: number, bytes: number): void {
  passingNow.slots += slots
  passingNow.bytes += bytes
}

/**
 * As `allocateVector`, for short-lived vectors such as received ones. The garbage collector does not know how large a
 * slot is, and may not collect a dead vector for a long time. So these get only a part of the memory
 * (`PASSING_BYTES_MAX`, `PASSING_SLOTS_MAX`). If that part is taken, or a slot would not pay, the vector is an ordinary
 * array.
 */
export function allocatePassing(length: number): Vector {
  const full =
    passingNow.slots >= passingFactor * PASSING_SLOTS_MAX ||
    passingNow.bytes + slotBytes(length) > passingFactor * PASSING_BYTES_MAX
  return length < PASSING_LENGTH_MIN || full ? new Float32Array(length) : allocate(length, true)
}

const WORD = 8
const STAGE_BYTES = 32_768
const stage = new Uint8Array(STAGE_BYTES + WORD)

/**
 * Copies `part` into the bytes of a vector, from byte `at` on. Into shared memory the engine copies byte by byte
 * unless both sides lie alike within a word (3.6 instead of 10 GB/s), so there a part passes through a place where it
 * does.
 */
export function writeBytes(bytes: Uint8Array, at: number, part: Uint8Array): void {
  const shift = (bytes.byteOffset + at) % WORD
  if (bytes.buffer instanceof ArrayBuffer || part.byteOffset % WORD === shift) {
    bytes.set(part, at)
    return
  }
  for (let done = 0; done < part.length; done += STAGE_BYTES) {
    const piece = part.subarray(done, done + STAGE_BYTES)
    const from = (shift + done) % WORD
    stage.set(piece, from)
    bytes.set(stage.subarray(from, from + piece.length), at + done)
  }
}

function slotBytes(length: number): number {
  return Math.ceil((length * 4) / 64) * 64 + STAGGER_BYTES
}

function allocate(length: number, passing: boolean): Vector {
  const { memory, shared } = kernelMemory()
  const bytes = slotBytes(length)
  const address = shared ? (listOf(bytes).pop() ?? grow(memory, bytes)) : undefined
  if (address === undefined) return new Float32Array(length)
  const buffer = structuredClone(memory.buffer)
  slots.set(buffer, { address, length })
  registry.register(buffer, { address, bytes, passing })
  if (passing) count(1, bytes)
  // Kernels read whole groups of lanes: what lies past the end must be zero too.
  new Float32Array(buffer, address + length * 4, bytes / 4 - length).fill(0)
  return new Float32Array(buffer, address, length)
}

function grow(memory: Pages, bytes: number): number | undefined {
  const address = next
  const missing = address + bytes - memory.buffer.byteLength
  if (address + bytes > BYTES_MAX) return undefined
  if (missing > 0) {
    const pages = Math.ceil(Math.max(missing, memory.buffer.byteLength / 4) / PAGE_BYTES)
    const room = (BYTES_MAX - memory.buffer.byteLength) / PAGE_BYTES
    memory.grow(Math.min(pages, room))
  }
  next = address + bytes
  return address
}

/** Where the vector starts in the kernels' memory; nothing where it is not the whole vector of a slot. */
export function addressOf(vector: Vector): number | undefined {
  const slot = slots.get(vector.buffer)
  return slot?.address === vector.byteOffset && slot.length === vector.length ? slot.address : undefined
}

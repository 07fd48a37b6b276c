/**
 * How kernels reach their rows: block by block, through pointers. A row that lies in the kernels' memory is read where
 * it is. Of any other row the current block is first copied into the scratch, which the cache absorbs.
 */
import type { Vector } from '../vector.ts'
import { addressOf, kernelMemory, memoryLimits, SCRATCH_BYTES } from './memory.ts'
import { BLOCK } from './plain.ts'
import { type Code, kernelModule, type Locals } from './wasm.ts'

/** Plain code handles more rows than this. */
export const ROWS_MAX = 128

const ROW_BYTES = BLOCK * 4 + 5 * 64
/** The scratch: a table of pointers and other small data, then a tile of rows and one of results, then 64-bit rows. */
const TABLE_BYTES = 262_144
const WIDE_BYTES = 262_144
const WIDE_START = SCRATCH_BYTES - WIDE_BYTES

/** Offsets in the table, behind pointers and weights, of a second list of pointers, and of sums or lists of lists. */
export const LIST_OFFSET = 4096
export const SUMS_OFFSET = 8192
/** The end of the table, for a row of zeros. */
export const ZEROS_OFFSET = TABLE_BYTES - 2048
/** From one 64-bit row to the next: a strip of 128 numbers, staggered. */
export const WIDE_ROW_BYTES = 1024 + 64
export const WIDE_ROWS_MAX = Math.floor(WIDE_BYTES / WIDE_ROW_BYTES)

export type Run = (...parameters: number[]) => void
const kernels = new Map<string, Run>()

/** The kernel of that name, emitted at first use. */
export function kernel(name: string, parameters: number, build: (locals: Locals) => Code): Run {
  const known = kernels.get(name)
  if (known !== undefined) return known
  const module = new WebAssembly.Module(kernelModule(parameters, memoryLimits(), build))
  const instance = new WebAssembly.Instance(module, { kernel: { memory: kernelMemory().memory } })
  const run = instance.exports.run as Run
  kernels.set(name, run)
  return run
}

/** One thread's scratch and the views into it. */
export interface Scratch {
  readonly base: number
  readonly pointers: Int32Array
  readonly doubles: Float64Array
  readonly rows: Float32Array
  /** The place for rows of 64-bit numbers. */
  readonly wide: number
}

let own: Scratch | undefined

export function scratch(): Scratch {
  own ??= scratchAt(0)
  return own
}

export function scratchAt(thread: number): Scratch {
  const { buffer } = kernelMemory().memory
  const base = thread * SCRATCH_BYTES
  return {
    base,
    pointers: new Int32Array(buffer, base, TABLE_BYTES / 4),
    doubles: new Float64Array(buffer, base, TABLE_BYTES / 8),
    rows: new Float32Array(buffer, base + TABLE_BYTES, (WIDE_START - TABLE_BYTES) / 4),
    wide: base + WIDE_START,
  }
}

/** The rows of one operation, and the place of their current block. */
export interface Rows {
  readonly vectors: readonly Vector[]
  /** Address of each vector in the kernels' memory, −1 where it lies elsewhere. */
  readonly addresses: readonly number[]
}

export function rowsOf(vectors: readonly Vector[]): Rows {
  return { vectors, addresses: vectors.map(vector => addressOf(vector) ?? -1) }
}

/** Copies what must be copied of coordinates `from … to − 1` and writes the pointers to table entries `at …`. */
export function pointTo(
  { vectors, addresses }: Rows,
  from: number,
  to: number,
  { base, pointers, rows }: Scratch,
  at = 0,
): void {
  for (let j = 0; j < addresses.length; j++) {
    const address = addresses[j]!
    if (address >= 0) {
      pointers[at + j] = address + from * 4
      continue
    }
    const start = (j * ROW_BYTES) / 4
    rows.set(vectors[j]!.subarray(from, to), start)
    rows.fill(0, start + to - from, start + roundUp(to - from, 8))
    pointers[at + j] = base + TABLE_BYTES + j * ROW_BYTES
  }
}

/** Tiles for `count` results of up to `length` coordinates, in the scratch behind the rows of `inputs` vectors. */
export function resultTiles(
  inputs: number,
  count: number,
  length: number,
  { base, rows }: Scratch,
): ResultTile[] {
  const stride = length * 4 + 64
  return Array.from({ length: count }, (_, index) => {
    const start = inputs * ROW_BYTES + index * stride
    return { address: base + TABLE_BYTES + start, values: rows.subarray(start / 4, start / 4 + length) }
  })
}

export interface ResultTile {
  readonly address: number
  readonly values: Float32Array
}

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
